"""Published numbers of parameters, each with where it stands; none of them needs memory for weights."""

from __future__ import annotations

import gc

import pytest

import strate as st
from strate import zoo

# torchvision: docs of torchvision.models, "num_params" of the weights IMAGENET1K_V1.
# imgclsmob: table of models of github.com/osmr/imgclsmob.
# Cadene: github.com/Cadene/pretrained-models.pytorch, which holds the authors' own Caffe weights of SENet.
# netscope: analysis of BVLC's bvlc_googlenet, ethereon.github.io/netscope.
PUBLISHED = {
    "alexnet_2012": 60_965_224,  # BVLC's bvlc_alexnet, the layers of the paper
    "alexnet": 61_100_840,  # torchvision
    "zfnet": 62_357_608,  # imgclsmob
    "vgg11": 132_863_336,  # torchvision, and table 2 of the paper: 133 million
    "vgg13": 133_047_848,  # torchvision; 133 million
    "vgg16": 138_357_544,  # torchvision; 138 million
    "vgg19": 143_667_240,  # torchvision; 144 million
    "googlenet": 6_998_552 + 3_188_840 + 3_190_888,  # netscope; the heads from section 5 of the paper
    "resnet18": 11_689_512,  # torchvision, as the four below
    "resnet34": 21_797_672,
    "resnet50": 25_557_032,
    "resnet101": 44_549_160,
    "resnet152": 60_192_808,
    "resnet20": 269_722,  # table 6 of the paper: 0.27 million
    "resnet32": 464_154,  # 0.46
    "resnet44": 658_586,  # 0.66
    "resnet56": 853_018,  # 0.85
    "resnet110": 1_727_962,  # 1.7
    "se_resnet50": 28_088_024,  # Cadene, as the two below
    "se_resnet152": 66_821_848,
    "senet154": 115_088_984,
    "perceptron": 28 * 28 + 1,
    "softmax": 7_850,
    "mlp": 535_818,
    "lenet5": 61_706,
    "lenet5_1998": 60_000,  # LeCun et al., section II.B
}
WITH_BATCH_NORM = {  # torchvision: vgg11_bn and so on
    "vgg11": 132_868_840,
    "vgg13": 133_053_736,
    "vgg16": 138_365_992,
    "vgg19": 143_678_248,
}


def test_every_model_has_a_published_number():
    assert set(PUBLISHED) == set(zoo.MODELS)


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters(name):
    gc.collect()  # what earlier tests left behind
    used = st.memory()["used"]
    model = zoo.MODELS[name]()
    assert model.summary().parameters == PUBLISHED[name]
    assert model.name == name
    assert st.memory()["used"] == used


@pytest.mark.parametrize("name", WITH_BATCH_NORM)
def test_vgg_with_batch_norm(name):
    assert zoo.MODELS[name](batch_norm=True).summary().parameters == WITH_BATCH_NORM[name]


def test_vgg_for_small_images_has_a_head_of_512_units():
    """Convolutions 14 714 688, then 512-512-10."""
    model = zoo.vgg16(10, (32, 32, 3))
    assert model.summary().parameters == 14_714_688 + 2 * (512 * 512 + 512) + 5130
    units = [layer.units for layer in model.layers if isinstance(layer, st.Dense)]
    assert units == [512, 512, 10]


def test_the_stride_of_a_bottleneck_costs_no_parameters_and_stands_in_the_3x3():
    (stage,) = (layer for layer in zoo.resnet50().layers if getattr(layer, "name", "") == "stage 2")
    body = stage.layers[0].layers[0].body
    convolutions = [layer for layer in body.layers if isinstance(layer, st.Conv2D)]
    assert [(conv.kernel_size[0], conv.stride[0]) for conv in convolutions] == [(1, 1), (3, 2), (1, 1)]


SOME = ["resnet20", "alexnet_2012", "googlenet", "vgg16", "se_resnet50", "lenet5", "mlp"]


@pytest.mark.parametrize("name", SOME)
def test_classes_channels_and_width_are_arguments(name):
    whole, half = zoo.MODELS[name](), zoo.MODELS[name](width=0.5)
    assert 0.2 < half.summary().parameters / whole.summary().parameters < 0.55
    assert half.output_shape == whole.output_shape
    shape = (*whole.input_shape[:2], 4)
    other = zoo.MODELS[name](7, shape)
    assert (other.input_shape, other.output_shape) == (shape, (7,))


@pytest.mark.parametrize("width", [0, -1, float("nan"), float("inf"), True, "2"])
def test_a_width_that_is_none_is_refused(width):
    for name in ("resnet20", "alexnet", "lenet5", "mlp"):
        with pytest.raises(ValueError, match=f"width is a number above 0; got width={width!r}"):
            zoo.MODELS[name](width=width)


@pytest.mark.parametrize("name", ["alexnet", "alexnet_2012", "zfnet", "vgg11", "googlenet"])
def test_an_image_too_small_is_refused_with_the_layer(name):
    with pytest.raises(ValueError, match=r"layer \d+ \(\w+\): .* does not fit"):
        zoo.MODELS[name](input_shape=(20, 20, 3))
