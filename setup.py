"""Packaging. Installed with `--no-deps` after the lock; docs/installation.md says why."""

from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent
PACKAGES = ("schemas", "components", "trainer", "pipeline", "serving")


def requirements(name: str) -> list[str]:
    """Returns the requirements of one `.in` file, without its comments and references."""
    lines = (line.split("#")[0].strip() for line in (ROOT / name).read_text("utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("-r")]


setup(
    name="tessera",
    version="0.1.0",
    description="Multimodal, multi-task recommenders from raw data to a served model, on TFX",
    license="Apache-2.0",
    python_requires=">=3.11,<3.13",
    packages=find_packages(include=[p for name in PACKAGES for p in (name, f"{name}.*")]),
    package_data={"": ["**/*.j2", "**/*.pbtxt", "**/*.txt", "**/*.yaml"]},
    install_requires=requirements("requirements.in"),
    extras_require={
        "gpu": ["tensorflow[and-cuda]"],
        "dev": requirements("requirements-dev.in"),
    },
    entry_points={"console_scripts": ["tessera = pipeline.cli:main",
                                      "tessera-beam-boot = pipeline.beam.boot:main"]},
)
