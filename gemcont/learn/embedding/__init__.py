"""Embeddings of held-out people, as traits for the engine.

embed       embeddings computed and written
directions  the directions that hold their genetics
ancestry    how much of the covariates they give away
"""
