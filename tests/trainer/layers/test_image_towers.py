import numpy as np
import pytest

from trainer.layers.image_towers import FourierTower, bands_of, patches
from trainer.modalities.image.codebook import fit_codebook, fitted_tower
from trainer.network.model import build_network
from trainer.recipe import BoundRecipe, parse_recipe

SIZE = 24


def _stripes(period, across=False, size=SIZE):
    """A grey picture of stripes; `across` for horizontal ones."""
    wave = 127 + 100 * np.sin(2 * np.pi * np.arange(size) / period)
    picture = np.broadcast_to(wave[:, None] if across else wave, (size, size))
    return np.repeat(picture[:, :, None], 3, axis=2).astype("uint8")


@pytest.fixture(scope="module")
def striped():
    """Eight upright and eight lying ones."""
    return np.stack([_stripes(4 + shift, across)
                     for across in (False, True) for shift in np.linspace(0, 0.5, 8)])


def test_patches_by_hand_and_bounded_in_number():
    picture = np.random.default_rng(0).integers(0, 256, (1, 12, 9, 3)).astype("uint8")
    result = np.asarray(patches(picture))
    assert result.shape == (1, 3 * 2, 108)
    expected = picture[0, 3:9, 3:9].astype("float32").reshape(-1)
    expected -= expected.mean()
    expected /= np.sqrt((expected**2).mean() + 10)
    np.testing.assert_allclose(result[0, 3], expected, atol=1e-4)
    assert np.asarray(patches(np.zeros((1, 512, 512, 3), "uint8"))).shape[1] <= 16 * 16


def test_words_differ_by_direction_and_rare_ones_weigh_more(striped):
    codebook = fit_codebook(striped, words=8)
    assert codebook.kernel.shape == (108, 8) and codebook.bias.shape == (8,)
    words = (np.asarray(patches(striped)) @ codebook.kernel + codebook.bias).argmax(axis=-1)
    counts = np.array([np.bincount(words[half].reshape(-1), minlength=8)
                       for half in (slice(8), slice(8, 16))])
    assert counts.max(axis=0).sum() > 0.8 * counts.sum()  # 0.5 if words told nothing
    holding = np.array([(words == word).any(axis=1).sum() for word in range(8)])
    np.testing.assert_allclose(codebook.idf, np.log(17 / (1 + holding)) + 1, rtol=1e-6)


def test_few_patches_make_few_words_and_no_picture_makes_one():
    flat = np.full((3, 8, 8, 3), 90, "uint8")
    assert len(fit_codebook(flat).bias) == 1
    tower = fitted_tower(4, np.zeros((0, 8, 8, 3), "uint8"))
    vector, present = tower((flat, np.zeros(3, "float32")))
    assert np.isfinite(vector).all() and not np.asarray(present).any()


def _bag(tower, pictures):
    """What the tower's network reads."""
    seen = []
    tower._hidden.call, read = lambda bag: seen.append(bag) or read(bag), tower._hidden.call
    tower((pictures, np.ones(len(pictures), "float32")))
    tower._hidden.call = read
    return np.asarray(seen[0])


def test_a_picture_is_a_bag_of_words_by_tfidf(striped):
    tower = fitted_tower(4, striped)
    tower((striped, np.ones(16, "float32")))
    bag = _bag(tower, striped)
    likeness = np.asarray(patches(striped)) @ np.asarray(tower.kernel) + np.asarray(tower.bias)
    counts = np.eye(tower.words)[likeness.argmax(axis=-1)].mean(axis=1) * np.asarray(tower.idf)
    np.testing.assert_allclose(
        bag, counts / np.linalg.norm(counts, axis=1, keepdims=True), atol=1e-5)


def test_the_codebook_is_kept_but_does_not_learn(striped):
    tower = fitted_tower(4, striped)
    tower((striped, np.ones(16, "float32")))
    kept = {"kernel", "bias", "idf"}
    own = {w.name: w.trainable for w in tower.weights if w.path.count("/") == 1}
    assert kept <= own.keys() and not any(own[name] for name in kept)


def test_bands_cover_each_frequency_once_but_the_constant():
    bands = bands_of(16, 12, rings=3, sectors=4)
    assert bands.shape[0] == 16 * 12
    np.testing.assert_allclose(bands.sum(axis=0), 1, rtol=1e-5)
    assert ((bands > 0).sum(axis=1) == [0] + [1] * (16 * 12 - 1)).all()


def _spectrum(picture, rings=4, sectors=4):
    """The bands of brightness that the tower's network reads, `(rings, sectors)`."""
    tower = FourierTower(4, rings, sectors)
    pixels = picture[None]
    tower((pixels, np.ones(1, "float32")))
    bag = _bag(tower, pixels)[0]
    bands = bands_of(*picture.shape[:2], rings, sectors)
    assert bands.shape[1] == rings * sectors and len(bag) == 3 + 3 * rings * sectors
    return bag[3 : 3 + rings * sectors].reshape(rings, sectors)


@pytest.mark.parametrize(("period", "ring"), [(12, 0), (3, 2)])
@pytest.mark.parametrize(("across", "sector"), [(False, 0), (True, 2)])
def test_stripes_stand_out_at_their_frequency_and_direction(period, ring, across, sector):
    bands = _spectrum(_stripes(period, across))
    assert np.unravel_index(bands.argmax(), bands.shape) == (ring, sector)


def test_colours_are_seen_where_brightness_is_equal():
    tower = FourierTower(4)
    red, green = (np.full((1, 8, 8, 3), colour, "uint8")
                  for colour in ((200, 50, 50), (50, 200, 50)))
    tower((red, np.ones(1, "float32")))
    assert np.abs(_bag(tower, red) - _bag(tower, green)).max() > 0.5


def test_a_codebook_is_fitted_on_present_pictures_of_its_own_table_alone(spec, recipe, sides):
    users, items = sides
    changed = BoundRecipe(parse_recipe(**{
        **recipe.model_dump(), "modalities": {"image": {"tower": "visual_words"}},
        "model": {"dim": 4}}), spec)

    def kernel(users, items):
        network = build_network(changed, users, items, {"rating": 3, "like": 0}, seed=1)
        return np.asarray(network.item.get_layer("items_poster").kernel)

    def with_pictures(side, column, rows):
        pictures = side.content[column].copy()
        pictures[rows] = 255 - pictures[rows] // 2
        return type(side)(side.rows, {**side.content, column: pictures}, side.vocabularies)

    fitted = kernel(users, items)
    absent = items.content["poster__present"] == 0
    assert absent.any()
    elsewhere = kernel(with_pictures(users, "avatar", slice(None)), items)
    np.testing.assert_array_equal(elsewhere, fitted)
    np.testing.assert_array_equal(kernel(users, with_pictures(items, "poster", absent)), fitted)
    changed_one = kernel(users, with_pictures(items, "poster", [1, 2]))
    assert changed_one.shape != fitted.shape or np.abs(changed_one - fitted).max() > 1e-3
