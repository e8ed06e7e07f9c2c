"""Pictures of results: functions of arrays that return a matplotlib Figure.

`manhattan.manhattan` draws -log10 p along the genome, `qq.qq` draws it against its expectation,
and `save.save` writes either. Nothing is imported here: matplotlib is slow to import, and most
runs draw nothing. The figures are plain `matplotlib.figure.Figure` objects that belong to no
window and to no global state.
"""
