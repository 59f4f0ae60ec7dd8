"""The operations that variations are made by; a file a family, and the registry of them all."""

from colecionador.imaging.variations.registry import (
    check_operation,
    expected_size,
    is_costly,
    make_variation,
    variation_seed,
)

__all__ = ["check_operation", "expected_size", "is_costly", "make_variation", "variation_seed"]
