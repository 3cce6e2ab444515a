"""The mapspace: nests with their names resolved, and the choices that a search makes."""
