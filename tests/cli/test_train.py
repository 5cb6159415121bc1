"""`strate train`: what it prints, writes and returns."""

import signal
from dataclasses import replace

import numpy as np
import pytest

import strate as st
from strate import cli, zoo


@pytest.mark.parametrize(
    ("model", "parameters"), [("lenet5", "61 706"), ("mlp", "535 818"), ("softmax", "7 850")]
)
def test_train(model, parameters, strate):
    done = strate("train", model, "--epochs", 2, "--threads", 2)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == f"{model}-digits: {parameters} parameters, 1 437 training images"
    assert [line[:9] for line in lines[2:4]] == ["epoch 1/2", "epoch 2/2"]
    assert lines[4].startswith("trained: 2 epochs in ")
    accuracy = float(lines[5].split()[1])
    assert lines[5].startswith("test: ") and "of 360 images" in lines[5]
    assert accuracy > 85


def test_train_is_what_the_library_does(capsys, tmp_path):
    path = tmp_path / "model.safetensors"
    assert cli.main(["train", "softmax", "--epochs", "2", "--seed", "5", "--save", str(path)]) == 0
    assert f"saved: {path}" in capsys.readouterr().out
    (x, y), _ = st.data.digits()
    model = zoo.softmax(seed=5)
    recipe = zoo.RECIPES["softmax", "digits"]
    model.fit(
        st.data.resize(x, 28),
        y,
        loss="cross_entropy",
        optimizer=replace(recipe, epochs=2).optimizer(),
        epochs=2,
        batch_size=recipe.batch_size,
        seed=5,
        verbose=0,
    )
    assert np.array_equal(np.asarray(st.load(path).theta), np.asarray(model.theta))


def test_train_takes_every_number(capsys):
    numbers = "--epochs 1 --batch-size 100 --learning-rate 0.25 --momentum 0.5 --weight-decay 0.125"
    assert cli.main(["train", "softmax", "--threads", "1", "--seed", "3", *numbers.split()]) == 0
    settings = "batches of 100, step 0.25 falling as a cosine, momentum 0.5, weight decay 0.125, seed 3"
    assert settings in capsys.readouterr().out
    assert st.num_threads() == 1


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_train_on_real_files(name, test_data, capsys):
    words = ["train", "softmax", "--data", name, "--data-dir", str(test_data / name), "--epochs", "1"]
    assert cli.main(words) == 0
    out = capsys.readouterr().out
    assert "60 000 training images" in out and "of 10 000 images" in out
    assert float(out.split("test: ")[1].split()[0]) > 75


def test_a_diverging_training_is_one_line(capsys):
    words = ["train", "mlp", "--epochs", "1", "--learning-rate", "1e30"]
    assert cli.main(words) == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "epoch 1" in err


def test_interrupted_training_saves_what_it_has(tmp_path, starts):
    path = tmp_path / "half.safetensors"
    words = ("train", "lenet5", "--epochs", 100000, "--save", path)
    process = starts(*words, text=True)
    while not process.stdout.readline().startswith("epoch"):
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"saved: {path}" in out
    assert err.startswith("strate: interrupted after ") and err.count("\n") == 1
    assert st.load(path).name == "lenet5-digits"
