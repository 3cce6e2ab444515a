"""Why a node stays whole."""


class NotAffine(Exception):
    """A reason why a node has no affine body; the node becomes an `Opaque` that states it."""
