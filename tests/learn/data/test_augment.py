import pytest
import torch

from gemcont.learn.data.augment import (
    STEPS,
    Augmentation,
    Blur,
    Crop,
    Erase,
    Jitter,
    corrupt,
    draw_corruption,
    generator,
)


def images(n=6, channels=1, size=20):
    return torch.rand(n, channels, size, size, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", [*STEPS, "all"])
def test_the_same_numbers_give_the_same_images_and_parts_are_the_whole(name, channels):
    augmentation = Augmentation(list(STEPS) if name == "all" else [name])
    drawn = augmentation.draw(6, generator(1, 2, 3))
    x = images(channels=channels)
    whole = augmentation.apply(x, drawn)
    again = augmentation.apply(x, augmentation.draw(6, generator(1, 2, 3)))
    assert torch.equal(whole, again)
    part = augmentation.apply(x[2:5], [numbers[2:5] for numbers in drawn])
    torch.testing.assert_close(part, whole[2:5])
    assert whole.shape == x.shape
    assert not torch.equal(whole, x)
    assert whole.min() >= 0
    assert whole.max() <= 1


def test_none_changes_nothing():
    augmentation = Augmentation([])
    x = images()
    assert augmentation.apply(x, augmentation.draw(6, generator(1))) is x


def test_the_order_of_seeds_counts():
    first = [torch.rand(1, generator=generator(*s)) for s in ((0, 1), (1, 0), (1,), (0, 1, 0))]
    assert len({float(x) for x in first}) == 4


def test_erased_rectangles_have_the_area_asked_for_and_half_of_images_one():
    drawn = Erase.draw(4000, generator(5))
    some = drawn[:, 2] > 0
    assert 0.45 < some.float().mean() < 0.55
    gone = Erase.apply(torch.ones(4000, 1, 40, 40), drawn) == 0
    share = gone.float().mean(dim=(1, 2, 3))
    assert (share[~some] == 0).all()
    assert 0.01 < share[some].min()
    assert share[some].max() < 0.36
    expected = 4 * drawn[some, 2] * drawn[some, 3]
    assert (share[some] - expected).abs().max() < 0.06  # to the pixel


def test_a_whole_crop_is_the_image():
    x = images()
    nothing = torch.tensor([[1.0, 1.0, 0.0, 0.0]]).repeat(6, 1)
    torch.testing.assert_close(Crop.apply(x, nothing), x)
    drawn = Crop.draw(1000, generator(2))
    assert (drawn[:, 2:].abs() <= 1 - drawn[:, :2] + 1e-6).all()  # crops lie inside


def test_blur_keeps_a_flat_image_and_spreads_a_point():
    flat = torch.full((2, 3, 12, 12), 0.4)
    width = torch.tensor([[0.0], [1.5]])
    torch.testing.assert_close(Blur.apply(flat, width), flat)
    point = torch.zeros(2, 1, 21, 21)
    point[:, :, 10, 10] = 1
    found = Blur.apply(point, width)
    torch.testing.assert_close(found[0], point[0])  # no width, no blur
    row = found[1, 0].sum(dim=0)
    place = torch.arange(21) - 10
    assert abs(float((row * place**2).sum()) - 1.5**2) < 0.1
    torch.testing.assert_close(found[1, 0], found[1, 0].T)


def test_jitter_scales_brightness_then_contrast():
    x = images(1) * 0.5
    found = Jitter.apply(x, torch.tensor([[1.2, 0.8, 1.0]]))
    bright = 1.2 * x
    torch.testing.assert_close(found, bright.mean() + 0.8 * (bright - bright.mean()))


def test_corruption_replaces_the_share_asked_for_by_the_variants_own_marginal():
    donors = torch.arange(50.0)[:, None] + 100 * torch.arange(8.0)
    x = torch.full((4000, 8), -1.0)
    found = corrupt(x, donors, draw_corruption((4000, 8), 50, 0.1, generator(3)))
    replaced = found != -1
    assert abs(float(replaced.float().mean()) - 0.1) < 0.01
    for variant in range(8):
        values = found[replaced[:, variant], variant] - 100 * variant
        assert values.min() >= 0
        assert values.max() < 50
        assert len(values.unique()) > 40
    untouched = draw_corruption((4000, 8), 50, 0.0, generator(3))
    assert torch.equal(corrupt(x, donors, untouched), x)
