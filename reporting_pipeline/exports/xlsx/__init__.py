"""XLSX: typed cells for people, with a Control sheet that proves them, streamed at flat memory.

XlsxWriter makes the workbook: sheets, styles, header, totals, Control sheet. The rows themselves
are formed column by column with Arrow, as the cells that the format knows, and put into the
workbook's sheets as it is written. A library that takes cells one by one needs 7 times as long; one
that is as fast has formats by column only, and money needs its format by cell: a column may mix
currencies.

    sheets    Data, Data 2 ... (PROVISIONAL Data ... where the report is), then Control
    row 1     the header, on every data sheet
    rows      each with a cell for every column, in the order of the report
    totals    below the last row, one empty row between, in bold: one row per currency

What belongs here: writing and reading this one format. What does not: what a report says.
"""
