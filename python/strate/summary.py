"""A model on one page: layers, shapes, receptive fields, parameters, work, memory, loss."""

from __future__ import annotations

from dataclasses import dataclass

from strate.geometry import Field, Pair
from strate.layers import Layer, tree
from strate.model import Model
from strate.shapes import elements, text

UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
HEADINGS = ("", "layer", "output", "field", "parameters", "multiply-adds", "memory")


@dataclass(frozen=True)
class Row:
    """One layer; its numbers are without those of layers inside, unless those are folded into it.

    `field` is the receptive field of an output, (height, width) in pixels; None once an output sees the
    whole image, or where a layer does not say.
    """

    number: str
    layer: str
    output_shape: tuple[int, ...]
    field: Pair | None
    parameters: int
    multiply_adds: int
    memory: int
    fused: bool
    trainable: bool
    algorithm: str


class Summary:
    """What `model.summary()` returns; it prints itself.

    Attributes:
        rows: one for each layer, `Row`s.
        parameters: their total, gaps not counted.
        multiply_adds: of forward, for one sample.
        memory: bytes of a training step: parameters and gradients, and what forward keeps of a batch.
        loss: the formula, or None before `fit`.
    """

    def __init__(self, model, batch_size: int, depth: int | None = None, verbose: bool = False):
        if not model.built:
            raise ValueError(f"{model.name} has no input_shape yet: give one, or call fit")
        if depth is not None and depth < 1:
            raise ValueError(f"depth is at least 1; got depth={depth}")
        self.name, self.input_shape, self.dtype = model.name, model.input_shape, model.dtype
        self.batch_size, self.verbose = batch_size, verbose
        self.itemsize = {"float32": 4, "float64": 8}[model.dtype]
        fields = receptive_fields(model)
        self.rows = [
            self._row(model, path, layer, len(path) == depth, fields.get(id(layer)))
            for path, layer in tree.walk(model)
            if path and (depth is None or len(path) <= depth)
        ]
        self.parameters = sum(row.parameters for row in self.rows)
        self.multiply_adds = sum(row.multiply_adds for row in self.rows)
        self.activations = batch_size * (
            self.itemsize * elements(model.input_shape) + sum(row.memory for row in self.rows)
        )
        self.memory = 2 * self.itemsize * self.parameters + self.activations
        self.loss = None if model.loss is None else model.loss.describe(model.output_activation)
        self.scaling = (
            None if model.input_scale is None else f"uint8 inputs times {scale_text(model.input_scale)}"
        )

    def _row(self, model, path, layer, folded: bool, field: Field | None) -> Row:
        label = layer.name if isinstance(layer, Model) else type(layer).__name__
        fused = layer.absorbed_by is not None
        if fused:
            label += f" (in {place_of(model, layer.absorbed_by)})"
        counted = [inner for _, inner in tree.walk(layer)] if folded else [layer]
        return Row(
            ".".join(str(place + 1) for place in path),
            label,
            layer.output_shape,
            field and field.size,
            sum(declared.count for one in counted for declared in one._declared),
            sum(one.multiply_adds() for one in counted),
            sum(map(self._kept, counted)),
            fused,
            layer.trainable,
            layer.algorithm(self.batch_size, self.dtype),
        )

    def _kept(self, layer) -> int:
        """Bytes of a sample that stay in memory between forward and backward."""
        # A layer taken over whose work is more than a formula keeps an output of its own in training.
        alone = layer.absorbed_by is None or layer.multiply_adds() or layer.kept_bytes()
        if layer.passes_on or not (layer.keeps_output and alone):
            return 0
        return self.itemsize * elements(layer.output_shape) + layer.kept_bytes()

    def __repr__(self) -> str:
        rows = [HEADINGS, ("", "input", text(self.input_shape), "", "", "", ""), *self._cells()]
        if self.verbose:
            algorithms = ["algorithm", "", *(row.algorithm for row in self.rows), ""]
            rows = [(*row, algorithm) for row, algorithm in zip(rows, algorithms, strict=True)]
        lines = table(rows)
        lines.insert(1, "-" * max(map(len, lines)))
        lines.insert(-1, lines[1])
        return "\n".join([f"{self.name}, {self.dtype}", *lines, *self._notes()])

    def _cells(self) -> list[tuple[str, ...]]:
        """A row of the table for each layer, and the totals."""
        cells = [
            (
                row.number,
                row.layer + ("" if row.trainable or not row.parameters else ", frozen"),
                text(row.output_shape),
                field_text(row.field),
                grouped(row.parameters),
                grouped(row.multiply_adds),
                size(row.memory * self.batch_size),
            )
            for row in self.rows
        ]
        total = (
            "",
            "total",
            "",
            "",
            grouped(self.parameters),
            grouped(self.multiply_adds),
            size(self.activations),
        )
        return [*cells, total]

    def _notes(self) -> list[str]:
        values = 2 * self.itemsize * self.parameters
        return [
            f"Training on {self.batch_size} sample{'s' * (self.batch_size != 1)}: {size(self.memory)} "
            f"(parameters and gradients {size(values)}, outputs kept {size(self.activations)});",
            f"momentum adds {size(values // 2)}.",
            f"Loss: {self.loss or 'not chosen yet, fit does'}",
            f"Inputs: {self.scaling or 'as they are; uint8 would be divided by 255'}",
        ]


def receptive_fields(model) -> dict[int, Field | None]:
    """What an output of each layer sees of the image, by the layer's id."""
    found: dict[int, Field | None] = {}

    def through(layer: Layer, seen: Field | None) -> Field | None:
        found[id(layer)] = field = layer.receptive_field(seen, through)
        return field

    through(model, Field() if len(model.input_shape) == 3 else None)
    return found


def place_of(model, wanted) -> str:
    """A layer's number, as in the first column."""
    return ".".join(str(place + 1) for place in tree.path_of(model, wanted))


def table(rows: list[tuple[str, ...]]) -> list[str]:
    """Lines of cells in columns: the numbers, in the fourth to the seventh, to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell.rjust(width) if 3 <= column < 7 else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def field_text(field: Pair | None) -> str:
    """The side in pixels, or height x width."""
    if field is None:
        return ""
    return str(field[0]) if field[0] == field[1] else text(field)


def grouped(number: int) -> str:
    """61 706."""
    return f"{number:,}".replace(",", " ")


def size(count: int) -> str:
    """Bytes in a unit that suits them."""
    amount, unit = float(count), 0
    while amount >= 1024 and unit < len(UNITS) - 1:
        amount, unit = amount / 1024, unit + 1
    return f"{amount:.0f} {UNITS[unit]}" if unit == 0 else f"{amount:.1f} {UNITS[unit]}"


def scale_text(scale: float) -> str:
    return f"1/{1 / scale:g}"
