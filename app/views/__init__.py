"""The views, in the order shown. The shell is one loop over VIEWS."""

from app.views import generate, interpolate, latent_pca, plane, project, spectrum, styles

VIEWS = (plane, interpolate, spectrum, styles, generate, project, latent_pca)
