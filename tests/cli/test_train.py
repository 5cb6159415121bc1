"""`strate train`: what it prints, writes and returns."""

import signal
from dataclasses import replace

import numpy as np
import pytest

import strate as st
from strate import cli, zoo
from strate.cli.parser import OPTIMIZERS, SCHEDULES


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


@pytest.mark.parametrize("rule", OPTIMIZERS)
def test_every_optimizer_learns(rule, capsys):
    words = ["train", "softmax", "--epochs", "3", "--optimizer", rule, "--learning-rate", "0.02"]
    assert cli.main(words) == 0
    out = capsys.readouterr().out
    assert rule == "sgd" or f", {rule}, step 0.02 falling as a cosine" in out
    assert float(out.split("test: ")[1].split()[0]) > 80


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_schedule_starts_at_the_learning_rate_and_does_not_rise(schedule):
    recipe = replace(zoo.recipe("lenet5", "digits"), schedule=schedule)
    rates = [recipe.rate()(epoch) for epoch in range(recipe.epochs)]
    assert rates[0] == recipe.learning_rate
    assert rates == sorted(rates, reverse=True) and rates[-1] > 0
    assert (len(set(rates)) == 1) is (schedule == "constant")


def test_a_rule_without_a_learning_rate_takes_its_own(capsys):
    assert cli.main(["train", "softmax", "--epochs", "1", "--optimizer", "adamw"]) == 0
    assert "adamw, step 0.001 falling as a cosine, weight decay 0.01" in capsys.readouterr().out


def test_images_are_augmented_and_resized(capsys, tmp_path):
    path = tmp_path / "model.safetensors"
    words = ["train", "softmax", "--epochs", "1", "--augment", "flip,shift=2", "--input-size", "12"]
    assert cli.main([*words, "--save", str(path)]) == 0
    assert "images flipped, moved by up to 2" in capsys.readouterr().out
    assert st.load(path).input_shape == (12, 12, 1)


def test_what_has_no_recipe_takes_the_default():
    assert zoo.recipe("lenet5", "cifar10") is zoo.recipe("no", "such") is not zoo.recipe("lenet5", "mnist")


def test_train_on_colour_images(test_data, capsys, tmp_path):
    path = tmp_path / "model.safetensors"
    words = ["train", "softmax", "--data", "cifar10", "--data-dir", str(test_data), "--epochs", "1"]
    assert cli.main([*words, "--augment", "flip,shift", "--save", str(path)]) == 0
    trained = capsys.readouterr().out
    assert "softmax-cifar10: 30 730 parameters, " in trained
    assert float(trained.split("test: ")[1].split()[0]) > 15  # guessing: 10
    assert cli.main(["evaluate", str(path), "--data-dir", str(test_data)]) == 0
    assert capsys.readouterr().out.strip() == trained.splitlines()[-1]


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


def test_a_model_that_does_not_tell_classes_apart_is_one_line(capsys):
    assert cli.main(["train", "perceptron", "--epochs", "1"]) == 1
    err = capsys.readouterr().err
    assert err.startswith("strate: ") and err.count("\n") == 1
    assert "needs a softmax output" in err and "activation='sigmoid'" in err


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
