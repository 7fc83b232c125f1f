"""XLSX: typed cells for people, with a Control sheet that proves them, streamed at flat memory.

XlsxWriter makes the workbook: sheets, styles, widths, print setup. The cells are formed column by
column with Arrow, in the XML of the format, and put into the workbook's sheets as the archive is
written. A library that takes cells one by one needs ten times as long; one that is as fast has
formats by column only, and a column of money may mix currencies.

    sheets    Data, Data 2 ... (PROVISIONAL Data ... where the report is), then Control
    row 1     the header, on every data sheet
    rows      each with a cell for every column, in the order of the report
    totals    below the last row, one empty row between, in bold: one row per currency

What belongs here: writing and reading this one format. What does not: what a report says.
"""
