"""The trainer, the folder that it writes, and the data that a model belongs to.

train        the loop
distributed  several processes as one
model        the folder of a trained model
provenance   whether a model belongs to what it is asked about
"""
