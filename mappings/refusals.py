"""What a transform says to a value that it can't use."""


class Refused(ValueError):
    """The value can't be used; the text is a sentence for people."""
