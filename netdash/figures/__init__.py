"""The pictures: tables in, plotly figures out. They never compute a statistic and never judge."""
