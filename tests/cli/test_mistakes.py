"""What goes wrong ends with one line on stderr and the right status."""

import os
import time

import numpy as np
import pytest

import strate as st
from strate import _core
from strate.cli.errors import one_line


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "COMMAND"),
        (["trian", "lenet5"], "trian"),
        (["train"], "MODEL"),
        (["train", "lenet"], "unknown model 'lenet': did you mean lenet5? (perceptron, softmax,"),
        (["train", "unet"], "unknown model 'unet': "),
        (["train", "xyz"], "unknown model 'xyz': there are perceptron, softmax, mlp, lenet5_1998, "),
        (["train", "lenet5", "--data", "minst"], "unknown data set 'minst': did you mean mnist?"),
        (["train", "lenet5", "--data-dir", "."], "the digits are part of strate"),
        (["train", "lenet5", "--download"], "the digits are part of strate"),
        (["train", "lenet5", "--epochs", "0"], "--epochs: a whole number from 1 on is needed; got '0'"),
        (["train", "lenet5", "--epochs", "two"], "got 'two'"),
        (["train", "lenet5", "--batch-size", "-3"], "got '-3'"),
        (["train", "lenet5", "--learning-rate", "nan"], "a number above 0 is needed; got 'nan'"),
        (["train", "lenet5", "--learning-rate", "0"], "got '0'"),
        (["train", "lenet5", "--momentum", "1"], "from 0 to below 1 is needed; got '1'"),
        (["train", "lenet5", "--weight-decay", "-1"], "a number from 0 on is needed; got '-1'"),
        (["train", "lenet5", "--optimizer", "sdg"], "argument --optimizer: invalid choice: 'sdg'"),
        (["train", "lenet5", "--schedule", "sine"], "argument --schedule: invalid choice: 'sine'"),
        (["train", "mlp", "--optimizer", "adam", "--momentum", "0.5"], "--momentum is for sgd and rmsprop"),
        (["train", "lenet5", "--augment", "rotate"], "joined by commas, is needed; got 'rotate'"),
        (["train", "lenet5", "--augment", "flip=2"], "got 'flip=2'"),
        (["train", "lenet5", "--augment", "shift=-1"], "got 'shift=-1'"),
        (["train", "lenet5", "--input-size", "0"], "argument --input-size"),
        (["train", "lenet5", "--data", "cifar10", "--download"], "cifar10 is not downloaded"),
        (["train", "lenet5", "--threads", "0"], "argument --threads"),
        (["train", "lenet5", "--seed", "-1"], "argument --seed"),
        (["train", "lenet5", "--seed", str(1 << 63)], "argument --seed"),
        (["train", "lenet5", "--epoch", "1"], "--epoch"),
        (["summary", "lenet4"], "did you mean lenet5?"),
        (["summary", "mlp", "--depth", "0"], "--depth: a whole number from 1 on is needed; got '0'"),
        (["summary", "mlp", "--classes", "0"], "--classes: a whole number from 1 on is needed; got '0'"),
        (["summary", "mlp", "--input-shape", "32x32"], "a shape such as 224,224,3 is needed; got '32x32'"),
        (["summary", "mlp", "--input-shape", "32,0,3"], "a shape such as 224,224,3 is needed; got '32,0,3'"),
        (["summary", "m.safetensors", "--classes", "3"], "sizes are for models by name"),
        (["summary", "mlp", "--vocabulary", "9"], "--vocabulary is for rnn_tagger and char_rnn"),
        (["summary", "rnn_tagger", "--input-shape", "9,2"], "rnn_tagger reads sequences"),
        (["summary", "char_rnn", "--classes", "3"], "it has no --classes"),
        (["predict", "model"], "PICTURE"),
    ],
)
def test_a_wrong_command_line_ends_with_2(words, message, refused):
    assert message in refused(words, 2)


def test_what_does_not_exist_ends_with_1(refused, tmp_path, saved):
    missing = tmp_path / "none.safetensors"
    for command in (["evaluate", missing], ["predict", missing, "x.png"], ["summary", missing]):
        assert f"{missing}: there is no such file" in refused(command, 1)
    assert "none.png" in refused(["predict", saved, tmp_path / "none.png"], 1)
    err = refused(["train", "lenet5", "--data", "mnist", "--data-dir", tmp_path], 1)
    assert "train-images-idx3-ubyte.gz" in err and str(tmp_path) in err
    assert "--data-dir" in err and "--download" in err and "=" not in err


def test_images_too_small_for_the_model_end_with_1(refused):
    words = ["train", "lenet5", "--input-size", "6"]
    assert "layer 3 (Conv2D): a 5x5 kernel does not fit" in refused(words, 1)
    words = ["train", "softmax", "--input-size", "8", "--augment", "shift=8"]
    assert "images of 8x8 cannot move by shift=8" in refused(words, 1)


def test_an_image_that_does_not_fit_the_model_ends_with_1(refused):
    err = refused(["summary", "vgg16", "--input-shape", "16,16,3"], 1)
    assert "layer 31 (MaxPool2D): a 2x2 window does not fit 1x1x512" in err


def test_a_picture_that_is_none_ends_with_1(refused, tmp_path, saved):
    pytest.importorskip("PIL")
    from PIL import Image

    (tmp_path / "text.png").write_text("not a picture")
    assert "text.png: not a picture" in refused(["predict", saved, tmp_path / "text.png"], 1)
    Image.new("L", (50, 50), 255).save(tmp_path / "blank.png")
    assert "nothing is drawn" in refused(["predict", saved, tmp_path / "blank.png"], 1)


def test_a_file_that_is_no_model_ends_with_1(refused, tmp_path):
    path = tmp_path / "text.safetensors"
    path.write_text("not a model, but long enough to have a header")
    assert "text.safetensors" in refused(["evaluate", path], 1)


def test_a_model_of_other_things_is_refused(tmp_path, refused):
    path = tmp_path / "line.safetensors"
    model = st.Sequential([st.Dense(1)], input_shape=(3,), seed=0)
    model.fit(np.eye(3), np.ones((3, 1)), loss="squared_error", optimizer=st.SGD(0.1), epochs=1, verbose=0)
    model.save(path)
    err = refused(["evaluate", path, "--data", "digits"], 1)
    assert "images (28x28x1, 32x32x3) and classes is needed; this one is 3 to 1" in err


def test_save_is_checked_before_training(refused, tmp_path):
    (tmp_path / "file").write_text("")
    for path, message in (
        (tmp_path / "no" / "model.safetensors", "there is no folder"),
        (tmp_path, "this is a folder"),
        (tmp_path / "file" / "model.safetensors", "there is no folder"),
    ):
        start = time.perf_counter()
        assert message in refused(["train", "lenet5", "--epochs", "100000", "--save", path], 1)
        assert time.perf_counter() - start < 5
    assert sorted(os.listdir(tmp_path)) == ["file"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_save_into_a_read_only_folder(refused, tmp_path):
    tmp_path.chmod(0o500)
    err = refused(["train", "lenet5", "--save", tmp_path / "model.safetensors"], 1)
    assert "cannot be written (Permission denied)" in err


def test_a_full_disk_is_one_line(refused, monkeypatch, tmp_path):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryFile", full)
    err = refused(["train", "lenet5", "--save", tmp_path / "model.safetensors"], 1)
    assert "No space left on device" in err


def test_no_traceback_reaches_the_user(strate):
    for words in (["train", "lenet"], ["evaluate", "none"], ["train", "lenet5", "--save", "/no/where"]):
        done = strate(*words)
        assert done.returncode in (1, 2)
        assert done.stdout == "" and done.stderr.count("\n") == 1


def test_a_reader_that_leaves_early_is_no_error(starts):
    process = starts("info")
    process.stdout.close()
    assert process.stderr.read() == b""


def test_one_line():
    assert one_line(FileNotFoundError(2, "No such file", "a.png")) == "a.png: No such file"
    assert one_line(ValueError("two\n  lines")) == "two lines"
    assert one_line(MemoryError()) == "not enough memory"
    assert one_line(ValueError()) == "ValueError"


@pytest.mark.skipif(not _core.cuda_unavailable(), reason="there is a device")
@pytest.mark.parametrize("words", [("train", "lenet5"), ("evaluate", "model.safetensors")])
def test_a_device_that_is_not_there(refused, words):
    message = refused([*words, "--device", "cuda"], 2)
    assert message == f"strate: --device cuda: {_core.cuda_unavailable()}\n"
