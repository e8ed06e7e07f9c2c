"""Text and parquet <-> columns; every column is declared once, as data."""
