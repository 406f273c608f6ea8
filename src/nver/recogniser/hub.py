"""Bundles on the Hugging Face Hub: fetched and pushed as they are, never as a pickle.

Of a repository only the files of a bundle are ever fetched, by name: safetensors, JSON and the model card.
The client of the Hub decides where they are cached and which account is used; ``HF_ENDPOINT`` names another
hub.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nver.errors import BundleError, ConfigError
from nver.recogniser.bundle import (
    CARD_FILE,
    HUB_SCHEME,
    PAGE_FILE,
    WEIGHTS_FILE,
    load_bundle,
)
from nver.recogniser.card import BundleCard

FILES = (WEIGHTS_FILE, CARD_FILE, PAGE_FILE)
"""All that is ever fetched."""

_HUB_PAGE = "README.md"
"""What the Hub shows of a repository."""

_REPOSITORY = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")


def parse(address: str) -> tuple[str, str | None]:
    """Repository and revision of ``hf://owner/name[@revision]``; the scheme may be left out.

    >>> parse("hf://ann/laughs@v2"), parse("ann/laughs")
    (('ann/laughs', 'v2'), ('ann/laughs', None))

    Raises:
        ConfigError: It is no such address.
    """
    repository, at, revision = address.removeprefix(HUB_SCHEME).partition("@")
    if not _REPOSITORY.fullmatch(repository) or (at and not revision):
        raise ConfigError(f"'{address}' is no repository; expected {HUB_SCHEME}owner/name[@revision]")
    return repository, revision or None


def fetch(address: str) -> Path:
    """The folder of a bundle of the Hub, fetched unless the client has it; without a network, from its cache.

    Args:
        address: ``hf://owner/name``, with ``@`` and a branch, tag or commit or without.

    Raises:
        ConfigError: It is no such address.
        BundleError: The repository is not there, holds no bundle, or cannot be fetched.
    """
    from huggingface_hub import snapshot_download

    repository, revision = parse(address)
    with _sentences(repository, revision, doing="fetch"):
        folder = Path(snapshot_download(repository, revision=revision, allow_patterns=list(FILES)))
    if not (folder / CARD_FILE).is_file():
        raise BundleError(f"{HUB_SCHEME}{repository} holds no recogniser: it has no {CARD_FILE}")
    return folder


def push(directory: Path, repository: str, *, private: bool = False) -> str:
    """Put a bundle on the Hub, in one commit; a repository that is not there is made.

    Args:
        directory: The bundle, which is checked before.
        repository: ``owner/name``, with ``hf://`` or without.
        private: Whether a new repository is for its owner's eyes alone.

    Returns:
        The address of the commit.

    Raises:
        ConfigError: It is no such repository, or names a revision.
        BundleError: The bundle is damaged, nobody is logged in, or the Hub cannot be reached or refuses.
    """
    from huggingface_hub import CommitOperationAdd, HfApi

    name, revision = parse(repository)
    if revision is not None:
        raise ConfigError(f"'{repository}' names a revision; a bundle is pushed to the main branch")
    card = load_bundle(directory).card
    files = {path: (directory / path).read_bytes() for path in FILES if (directory / path).is_file()}
    files[_HUB_PAGE] = _front_matter(card).encode() + files.get(PAGE_FILE, b"")
    with _sentences(name, None, doing="push to"):
        hub = HfApi()
        hub.create_repo(name, private=private, exist_ok=True)
        commit = hub.create_commit(
            name,
            [CommitOperationAdd(path, data) for path, data in files.items()],
            commit_message=f"{card.name}, a recogniser of nver",
        )
    return str(commit.commit_url)


def _front_matter(card: BundleCard) -> str:
    """What the Hub reads of a page: how it is found, and that its licence is said below."""
    lines = [
        "library_name: nver",
        "pipeline_tag: audio-classification",
        "license: other",
        f"license_name: {_quoted(card.licence)}",
        "tags:",
        "- non-verbal-vocalisation",
        "- emotion-recognition",
    ]
    return "\n".join(["---", *lines, "---", "", ""])


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # a JSON string is a YAML one


@contextmanager
def _sentences(repository: str, revision: str | None, *, doing: str) -> Iterator[None]:
    """What the Hub's client raises, as one sentence."""
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        LocalTokenNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )
    from huggingface_hub.utils import httpx  # type: ignore[attr-defined]  # its own client, whichever that is

    what = f"cannot {doing} {HUB_SCHEME}{repository}"
    try:
        yield
    except GatedRepoError as error:
        raise BundleError(
            f"{what}: it is gated; accept its terms on its page and log in with 'hf auth login'"
        ) from error
    except RepositoryNotFoundError as error:
        raise BundleError(
            f"{what}: there is no such repository that you may see; check the name, or log in with "
            "'hf auth login'"
        ) from error
    except RevisionNotFoundError as error:
        raise BundleError(f"{what}: it has no revision '{revision}'") from error
    except LocalTokenNotFoundError as error:
        raise BundleError(f"{what}: nobody is logged in; use 'hf auth login'") from error
    except HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else 0
        if status in (401, 403):
            raise BundleError(
                f"{what}: the hub says no ({status}); log in with 'hf auth login' as somebody who may"
            ) from error
        raise BundleError(f"{what}: the hub answers with {status}; try again later") from error
    except RuntimeError as error:  # what the client makes of any failure of an upload
        raise BundleError(f"{what}: {error} ({error.__cause__}); try again") from error
    except (httpx.HTTPError, OSError) as error:
        raise BundleError(
            f"{what}: the hub cannot be reached, and no whole copy is in its cache here; try again with a "
            "network, or copy the folder of the bundle and name that"
        ) from error
