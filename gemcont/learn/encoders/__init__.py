"""Networks: images and genotypes -> embeddings, and back to images.

build     the encoder that a setting names
cnn, mlp  the image encoders
genotype  the linear genotype encoder
decoders  the decoders of the variational autoencoder
"""
