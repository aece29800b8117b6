"""Latent PCA: pictures as points of the space g induces, beside pixel space."""

TITLE = "Latent PCA"
SLUG = "latent_pca"
