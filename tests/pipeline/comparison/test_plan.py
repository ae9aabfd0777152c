import pytest
import yaml
from refusals import refuses

from pipeline.comparison.plan import planned, single_task, without, without_task
from pipeline.recipe_files import load_recipe, recipes
from pipeline.run import check_recipe
from schemas import InputError
from trainer.recipe import Recipe, bind, parse_recipe

TASKS = {"next": {"head": "retrieval", "label": "like"}}


@pytest.fixture
def plan(tmp_path):
    def plan(recipes, without=(), seeds=1, **given):
        return list(planned(None, recipes, without, seeds, dataset="demo", root=tmp_path,
                            **given).configs)

    return plan


def test_every_recipe_with_every_seed_and_none_pushes(plan, tmp_path):
    configs = plan(["flagship", "implicit"], seeds=2, split="t80")
    assert [(c.recipe_name, c.seed) for c in configs] == [
        ("flagship", 1), ("implicit", 1), ("flagship", 2), ("implicit", 2)]
    assert not any(c.push for c in configs)
    assert {c.split for c in configs} == {"t80"}
    assert len({c.pipeline_name for c in configs}) == 4
    (tmp_path / "my.yaml").write_text("seed: 7\nrecipe: implicit\n")
    configs = planned(tmp_path / "my.yaml", ["flagship"], [], 2, dataset="demo").configs
    assert [(c.recipe_name, c.seed) for c in configs] == [("flagship", 7), ("flagship", 8)]


def test_an_ablation_is_the_same_recipe_without_a_modality(plan):
    whole, text, image = plan(["flagship"], ["text", "image"])
    assert text.recipe_name == "flagship-without-text"
    assert text.pipeline_name == "demo-flagship-without-text-1"
    assert [*text.recipe.modalities] == [m for m in whole.recipe.modalities if m != "text"]
    assert [*image.recipe.modalities] == [m for m in whole.recipe.modalities if m != "image"]
    rest = {"exclude": {"modalities", "tune"}}
    assert text.recipe.model_dump(**rest) == whole.recipe.model_dump(**rest)


@pytest.mark.parametrize("name", recipes())
def test_every_recipe_of_the_project_can_do_without_each_modality(name):
    plain, *_ = planned(None, [name], [], 1, dataset="demo").configs
    read = [*bind(plain.recipe, plain.spec()).recipe.modalities]
    plan = planned(None, [name], read, 1, dataset="demo")
    assert plan.left_out == () and len(plan.configs) == 1 + len(read)
    for modality, changed in zip(read, plan.configs[1:], strict=True):
        assert modality not in changed.recipe.modalities
        check_recipe(changed, changed.spec())


def full(**changed) -> Recipe:
    """A recipe that asks for something of every modality."""
    return parse_recipe(**{
        "description": "d", "tasks": {**TASKS, "image": {"head": "binary", "label": "like"}},
        "modalities": {
            "categorical": {"vocabulary": 5}, "video": {"augmentation": 0.5},
            "text": {"tower": {"lstm": {"hidden": 0.1}}, "topics": 8, "encoder": {"handle": "/t"}},
            "image": {"tower": "fourier", "height": 16, "encoder": {"handle": "/i"}},
            "audio": {"mels": 20, "encoder": {"handle": "/a"}}},
        "behaviour": {"history": {"tower": "gru"}, "reviews": {"of": ["items"]}},
        "model": {"dim": 32}, "tune": {"ranges": {"model.dim": {"choices": [16, 32]}}}} | changed)


def tree(recipe: Recipe) -> dict:
    return recipe.model_dump(mode="json", exclude_unset=True)


def test_all_that_is_asked_of_a_modality_goes_with_it():
    whole = tree(full())
    text = tree(without(full(), "full", "text"))
    assert "text" not in yaml.safe_dump({k: v for k, v in text.items() if k != "tasks"})
    assert text["model"] == {"dim": 32} and text["behaviour"] == {"history": {"tower": "gru"}}
    audio = tree(without(full(), "full", "audio"))
    assert "tune" not in audio and audio["modalities"] == {
        name: options for name, options in whole["modalities"].items() if name != "audio"}
    assert {**audio, "modalities": 0, "tune": 0} == {**whole, "modalities": 0, "tune": 0}


def test_a_recipe_that_cannot_do_without_is_left_out_and_named(tmp_path):
    (tmp_path / "words.yaml").write_text(yaml.safe_dump(
        {"description": "w", "family": "similarity", "modalities": ["text"], "tasks": TASKS,
         "vectors": "content"}))
    words = str(tmp_path / "words.yaml")
    plan = planned(None, ["flagship", words], ["text"], 1, dataset="demo")
    assert [c.recipe_name for c in plan.configs] == ["flagship", "words", "flagship-without-text"]
    (message,) = plan.left_out
    assert message.startswith("words-without-text is left out. Recipe 'words-without-text': ")
    assert "needs features of items" in message
    with refuses("no-recipe-does-without"):
        planned(None, [words], ["text"], 1, dataset="demo")


def test_a_recipe_that_does_not_fit_the_data_is_not_said_to_need_the_modality(plan, tmp_path):
    (tmp_path / "wish.yaml").write_text(yaml.safe_dump(
        {"description": "w", "tasks": {"next": {"head": "retrieval", "label": "wished"}}}))
    with pytest.raises(InputError, match="^Recipe 'wish', task 'next', key 'label': needs"):
        plan([str(tmp_path / "wish.yaml")], ["text"])


def test_ablate_takes_each_modality_and_each_task_out(tmp_path):
    made = planned(None, ["flagship"], ["text"], 1, ablate=True, dataset="demo", root=tmp_path)
    names = [config.recipe_name for config in made.configs]
    modalities = made.configs[0].recipe.modalities
    assert sorted(names) == sorted([
        "flagship", *(f"flagship-without-{one}" for one in modalities),
        *(f"flagship-without-task-{one}" for one in ("retrieval", "rating", "like"))])
    assert not made.singles and not made.left_out


def test_single_tasks_are_known_by_their_recipe(tmp_path):
    made = planned(None, ["flagship", "ease"], [], 1, single_tasks=True, dataset="demo",
                   root=tmp_path)
    assert made.singles == {"flagship": {
        one: f"flagship-only-{one}" for one in ("retrieval", "rating", "like")}}
    assert {config.recipe_name for config in made.configs} == {
        "flagship", "ease", *made.singles["flagship"].values()}


def test_without_the_task_that_ranks_another_ranks_what_was_relevant():
    whole = load_recipe("flagship")
    assert whole.rankers and whole.relevance == "like"
    for left in (single_task(whole, "flagship", "rating"),
                 without_task(whole, "flagship", "retrieval")):
        assert (left.ranking, left.relevance, left.rankers) == ("rating", "like", {})
    kept = without_task(whole, "flagship", "rating")
    assert (kept.ranking, kept.rankers) == ("retrieval", whole.rankers)


def test_no_recipe_an_unknown_one_and_one_name_twice(plan, tmp_path):
    with refuses("no-recipe"):
        plan([])
    with refuses("unknown-recipe", "'nope'"):
        plan(["flagship", "nope"])
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "mine.yaml").write_text(
            "{description: w, tasks: {next: {head: retrieval, label: like}}}")
    with refuses("recipe-given-twice", "mine"):
        plan([str(tmp_path / folder / "mine.yaml") for folder in ("a", "b")])


def test_a_recipe_that_does_not_read_the_modality_has_no_such_row(plan, tmp_path):
    (tmp_path / "words.yaml").write_text(
        "{description: w, modalities: [text], tasks: {next: {head: retrieval, label: like}}}")
    names = [c.recipe_name for c in plan(["flagship", str(tmp_path / "words.yaml")], ["image"])]
    assert names == ["flagship", "words", "flagship-without-image"]
