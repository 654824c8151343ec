"""Numbers that come as text of any length, and the largest that a database takes."""

LARGEST = 2**63 - 1


def whole_number(text: str, most: int = LARGEST) -> int | None:
    """None for what is no number up to ``most`` in plain digits. Zeros in front mean nothing, however many."""
    digits = text.lstrip("0") or text[:1]
    # The length first: making a number of endless digits is slow, or refused.
    if not digits.isascii() or not digits.isdigit() or len(digits) > len(str(most)):
        return None
    number = int(digits)
    return number if number <= most else None
