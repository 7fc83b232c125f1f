"""XLSX: typed cells for people, with a Control sheet that proves them, streamed at flat memory.

XlsxWriter makes the workbook: sheets, styles, widths, print setup. Arrow forms the cells, column by
column, in the XML of the format; they are put into the workbook's sheets while the archive is
written. A library that takes single cells needs ten times as long. A library that is as fast has
one number format per column, but a column of money may mix currencies.

    sheets    Data, Data 2 ... (PROVISIONAL Data ... where the report is provisional), then Control
    heading   title, organisation, event and period, on every data sheet; then an empty row
    header    the row below it, frozen, with the filter
    rows      each with a cell for every column, in the order of the report
    totals    below the last row, after one empty row, in bold: one row per currency, as formulas
              that follow the filter (`rows_below`)

openpyxl reads the files back (`sheet_reader`, ADR 0027).

What belongs here: writing and reading XLSX. What does not: the content of a report.
"""
