"""What a comparison runs, and what it refuses before anything runs."""

import pytest

from pipeline.comparison.plan import planned
from schemas import InputError


@pytest.fixture
def plan(tmp_path):
    def plan(recipes, without=(), seeds=1, **given):
        return planned(None, recipes, without, seeds, dataset="demo", root=tmp_path, **given)

    return plan


def test_every_recipe_with_every_seed_and_none_pushes(plan) -> None:
    configs = plan(["flagship", "implicit"], seeds=2, split="t80")
    assert [(c.recipe_name, c.seed) for c in configs] == [
        ("flagship", 1), ("implicit", 1), ("flagship", 2), ("implicit", 2)]
    assert not any(c.push for c in configs)
    assert {c.split for c in configs} == {"t80"}
    assert len({c.pipeline_name for c in configs}) == 4


def test_seeds_start_at_the_configuration_s_own(plan, tmp_path) -> None:
    (tmp_path / "my.yaml").write_text("seed: 7\nrecipe: implicit\n")
    configs = planned(tmp_path / "my.yaml", ["flagship"], [], 2, dataset="demo")
    assert [(c.recipe_name, c.seed) for c in configs] == [("flagship", 7), ("flagship", 8)]


def test_an_ablation_is_the_same_recipe_without_a_modality(plan) -> None:
    whole, text, image = plan(["flagship"], ["text", "image"])
    assert text.recipe_name == "flagship-without-text"
    assert text.pipeline_name == "demo-flagship-without-text-1"
    assert text.recipe.modalities == tuple(m for m in whole.recipe.modalities if m != "text")
    assert image.recipe.modalities == tuple(m for m in whole.recipe.modalities if m != "image")
    rest = {"exclude": {"modalities"}}
    assert text.recipe.model_dump(**rest) == whole.recipe.model_dump(**rest)


def test_a_recipe_that_does_not_read_the_modality_has_no_such_row(plan, tmp_path) -> None:
    (tmp_path / "words.yaml").write_text(
        "{description: w, modalities: [text], tasks: {next: {head: retrieval, label: like}}}")
    names = [c.recipe_name for c in plan(["flagship", str(tmp_path / "words.yaml")], ["image"])]
    assert names == ["flagship", "words", "flagship-without-image"]


def test_a_modality_that_nobody_reads(plan, tmp_path) -> None:
    (tmp_path / "words.yaml").write_text(
        "{description: w, modalities: [text], tasks: {next: {head: retrieval, label: like}}}")
    with pytest.raises(InputError, match="--without video: no recipe given reads it. They read: "
                                         "text"):
        plan([str(tmp_path / "words.yaml")], ["video"])


def test_the_same_name_twice(plan, tmp_path) -> None:
    (tmp_path / "flagship.yaml").write_text(
        "{description: w, tasks: {next: {head: retrieval, label: like}}}")
    with pytest.raises(InputError, match="Recipe flagship was given twice"):
        plan(["flagship", str(tmp_path / "flagship.yaml")])


def test_no_recipe_and_an_unknown_one(plan) -> None:
    with pytest.raises(InputError, match="No recipe given. Use --recipes with names or YAML"):
        plan([])
    with pytest.raises(InputError, match="Unknown recipe 'nope'"):
        plan(["flagship", "nope"])
