"""The data that is learned from: people, their images, the panel's genotypes, targets.

people   images, genotypes, covariates and targets of the same people
images   arrays of images, and the person of each
pixels   types, ranges and channels of images
panel    the panel's genotypes, coded
target   a column to be learned
split    the people who are trained on
batches  minibatches, a function of seed, epoch and step
augment  augmentations
"""
