"""Simulated studies.

simulate  people whose genotypes set the angle of a handwritten character
glyphs    the characters
study     the folder of a study, read back
"""
