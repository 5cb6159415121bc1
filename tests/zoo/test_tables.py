"""The tables of the papers and of the lecture: size and number of maps, layer by layer; what is seen."""

from __future__ import annotations

import pytest

import strate as st
from strate import zoo
from strate.layers import tree

CONV, POOL = st.Conv2D, st.MaxPool2D


def outputs(model, *kinds):
    """Output shapes of the layers of these kinds, at the outermost level."""
    return [layer.output_shape for layer in model.layers if isinstance(layer, kinds)]


def fields(model):
    """Receptive fields, in pixels, of the outermost layers that look through a window."""
    return [row.field[0] for row in model.summary(depth=1).rows if row.field]


@pytest.mark.parametrize("shape", [(227, 227, 3), (224, 224, 3)])
def test_alexnet_of_2012(shape):
    """Krizhevsky et al., figure 2, both towers; a side of 224 needs a padding of 2 (lecture, p. 76-80)."""
    model = zoo.alexnet_2012(input_shape=shape)
    assert outputs(model, CONV, POOL, st.Dense) == [
        (55, 55, 96),
        (27, 27, 96),
        (27, 27, 256),
        (13, 13, 256),
        (13, 13, 384),
        (13, 13, 384),
        (13, 13, 256),
        (6, 6, 256),
        (4096,),
        (4096,),
        (1000,),
    ]
    assert [layer.groups for layer in model.layers if isinstance(layer, CONV)] == [1, 2, 1, 2, 2]
    assert [type(layer).__name__ for layer in model.layers].count("LocalResponseNorm") == 2
    assert [layer.rate for layer in model.layers if isinstance(layer, st.Dropout)] == [0.5, 0.5]
    pools = [layer for layer in model.layers if isinstance(layer, POOL)]
    assert {(pool.window, pool.stride) for pool in pools} == {((3, 3), (2, 2))}  # they overlap
    assert fields(model)[-1] == 195


def test_alexnet_in_one_tower():
    model = zoo.alexnet()
    assert outputs(model, CONV, POOL) == [
        (55, 55, 64),
        (27, 27, 64),
        (27, 27, 192),
        (13, 13, 192),
        (13, 13, 384),
        (13, 13, 256),
        (13, 13, 256),
        (6, 6, 256),
    ]


def test_zfnet():
    """Zeiler and Fergus, figure 3: eight layers."""
    model = zoo.zfnet()
    assert outputs(model, CONV, POOL, st.Dense) == [
        (110, 110, 96),
        (55, 55, 96),
        (26, 26, 256),
        (13, 13, 256),
        (13, 13, 384),
        (13, 13, 384),
        (13, 13, 256),
        (6, 6, 256),
        (4096,),
        (4096,),
        (1000,),
    ]
    assert len(outputs(model, CONV, st.Dense)) == 8


@pytest.mark.parametrize(("name", "depths"), [("vgg16", (2, 2, 3, 3, 3)), ("vgg19", (2, 2, 4, 4, 4))])
def test_vgg(name, depths):
    """Simonyan and Zisserman, table 1, columns D and E: 224x224x64 ... 7x7x512 (lecture, p. 76-80)."""
    expected = []
    for stage, (maps, depth) in enumerate(zip((64, 128, 256, 512, 512), depths, strict=True)):
        side = 224 >> stage
        expected += [(side, side, maps)] * depth + [(side // 2, side // 2, maps)]
    model = zoo.MODELS[name]()
    assert outputs(model, CONV, POOL) == expected
    assert outputs(model, st.Dense) == [(4096,), (4096,), (1000,)]
    assert len(outputs(model, CONV, st.Dense)) == int(name[3:])
    assert zoo.MODELS[name](10, (32, 32, 3)).layers[-6].output_shape == (512,)


def test_two_kernels_of_3x3_see_as_much_as_one_of_5x5():
    seen = [row.field for row in zoo.vgg16().summary().rows if row.layer == "Conv2D"]
    assert seen[:2] == [(3, 3), (5, 5)]
    assert seen[-1] == (196, 196)


def test_googlenet():
    """Szegedy et al., table 1."""
    model = zoo.googlenet()
    blocks = [layer for layer in model.layers if getattr(layer, "name", "").startswith("inception")]
    assert "".join(layer.name.split()[1] for layer in blocks) == "3a3b4a4b4c4d4e5a5b"
    assert [layer.output_shape for layer in blocks] == [
        (28, 28, 256),
        (28, 28, 480),
        (14, 14, 512),
        (14, 14, 512),
        (14, 14, 512),
        (14, 14, 528),
        (14, 14, 832),
        (7, 7, 832),
        (7, 7, 1024),
    ]
    assert outputs(model, CONV, POOL) == [
        (112, 112, 64),
        (56, 56, 64),
        (56, 56, 64),
        (56, 56, 192),
        (28, 28, 192),
        (14, 14, 480),
        (7, 7, 832),
    ]
    branches = [branch.output_shape[2] for branch in blocks[0].layers[0].branches]
    assert branches == [64, 128, 32, 32]


def test_the_heads_of_googlenet():
    """Section 5: average pooling 5x5 at stride 3 to 4x4, 128 maps, 1024 units, dropout of 0.7; weight 0.3."""
    model = zoo.googlenet()
    first, second = (layer for layer in model.layers if isinstance(layer, st.Auxiliary))
    for auxiliary, maps in ((first, 512), (second, 528)):
        shapes = [layer.output_shape for layer in auxiliary.head.layers]
        assert shapes == [(4, 4, maps), (4, 4, 128), (2048,), (1024,), (1024,), (1000,)]
        assert (auxiliary.weight, auxiliary.head.layers[4].rate) == (0.3, 0.7)
    rows = {row.number: row for row in model.summary(depth=1).rows}
    assert [row.parameters for row in rows.values() if row.layer == "Auxiliary"] == [3_188_840, 3_190_888]


def test_googlenet_is_22_layers_deep():
    """Layers with weights on the way, those of a block being two."""
    model = zoo.googlenet()
    deep = len(outputs(model, CONV, st.Dense)) + 2 * len(
        [layer for layer in model.layers if getattr(layer, "name", "").startswith("inception")]
    )
    assert deep == 22


STAGES = {  # He et al., table 1
    "resnet18": ((2, 2, 2, 2), (64, 128, 256, 512)),
    "resnet34": ((3, 4, 6, 3), (64, 128, 256, 512)),
    "resnet50": ((3, 4, 6, 3), (256, 512, 1024, 2048)),
    "resnet101": ((3, 4, 23, 3), (256, 512, 1024, 2048)),
    "resnet152": ((3, 8, 36, 3), (256, 512, 1024, 2048)),
    "se_resnet50": ((3, 4, 6, 3), (256, 512, 1024, 2048)),
    "se_resnet152": ((3, 8, 36, 3), (256, 512, 1024, 2048)),
    "senet154": ((3, 8, 36, 3), (256, 512, 1024, 2048)),
}


def stages(model):
    return [layer for layer in model.layers if getattr(layer, "name", "").startswith("stage")]


def depth_of(model):
    """Layers with weights on the longest way: shortcuts and gates aside."""
    aside = [path for path, layer in tree.walk(model) if getattr(layer, "name", "") in ("shortcut", "gate")]
    weighted = [path for path, layer in tree.walk(model) if isinstance(layer, (CONV, st.Dense))]
    return sum(not any(path[: len(other)] == other for other in aside) for path in weighted)


@pytest.mark.parametrize("name", STAGES)
def test_resnet(name):
    depths, maps = STAGES[name]
    model = zoo.MODELS[name]()
    assert outputs(model, CONV)[0] == (112, 112, 64)
    assert outputs(model, POOL) == [(56, 56, 64 if name != "senet154" else 128)]
    assert [len(stage.layers) for stage in stages(model)] == list(depths)
    sides = (56, 28, 14, 7)
    expected = [(side, side, count) for side, count in zip(sides, maps, strict=True)]
    assert [stage.output_shape for stage in stages(model)] == expected
    assert depth_of(model) == int(name.replace("senet", "resnet").split("resnet")[1])


@pytest.mark.parametrize("depth", [20, 32, 44, 56, 110])
def test_resnet_for_cifar(depth):
    """He et al., section 4.2: 6n + 2 layers with weights, 16@32x32, 32@16x16, 64@8x8."""
    model = zoo.MODELS[f"resnet{depth}"]()
    assert [stage.output_shape for stage in stages(model)] == [(32, 32, 16), (16, 16, 32), (8, 8, 64)]
    assert {len(stage.layers) for stage in stages(model)} == {(depth - 2) // 6}
    assert depth_of(model) == depth


def test_what_resnet_sees():
    """435 pixels for ResNet-18; ResNet-152 sees more than the image."""
    assert fields(zoo.resnet18())[-1] == 435
    assert fields(zoo.resnet152())[-1] == 1451


def test_a_gate_of_senet():
    block = zoo.se_resnet50().layers[4].layers[0]
    gate = block.layers[0].body.layers[-1]
    assert [layer.output_shape for layer in gate.branches[1].layers] == [(1, 1, 256), (1, 1, 16), (1, 1, 256)]
    assert (gate.merge, gate.output_shape) == ("multiply", (56, 56, 256))
