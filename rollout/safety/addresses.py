"""Addresses of repositories: which addresses and branch names are safe to hand to git, and how to show them."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import unquote, urlsplit

_SCHEMES = {"https", "http", "ssh", "git", "file", "git+ssh", "ssh+git"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_HELPER = re.compile(r"[A-Za-z0-9+.-]*::")


def refusal(url: str) -> str | None:
    """Say why git must not be given this address, or None if it may."""
    if _CONTROL.search(url):
        return "has a control character"
    if url.startswith("-"):
        return "begins with '-', which git would read as an option"
    if _HELPER.match(url):
        return "names a transport helper (xx::), which would run a command"
    scheme, mark, rest = url.partition("://")
    if mark:
        if scheme.lower() not in _SCHEMES:
            return f"uses {scheme}://; allowed are https, http, ssh, git and file"
        login, at, host = rest.split("/")[0].rpartition("@")
        if (host or rest).startswith("-") or rest.startswith("-"):
            return "has a host name that begins with '-'"
        return _login_refusal(scheme.lower(), login) if at else None
    elif is_scp_like(url) and (url.startswith("-") or url.split(":")[0].rpartition("@")[2].startswith("-")):
        return "has a host name that begins with '-'"
    return None


def _login_refusal(scheme: str, login: str) -> str | None:
    """Say why the user and password in an address cannot be separated from it, or must not be in it."""
    if re.search(r"[@#?\\]", login):
        return "has a user name or password with a character that must be percent-encoded"
    if _CONTROL.search(unquote(login)):
        return "has a control character"
    if ":" in login and scheme not in {"http", "https"}:
        return f"has a password, which {scheme} does not take; leave it out"
    return None


def is_scp_like(url: str) -> bool:
    """Tell `host:path` from a local path, as git does: a colon before the first slash."""
    colon, slash = url.find(":"), url.find("/")
    return colon > 0 and (slash == -1 or colon < slash)


def is_local(url: str) -> bool:
    """Tell whether the address is on this machine's disk."""
    return url.lower().startswith("file://") or ("://" not in url and not is_scp_like(url))


def host(url: str) -> str:
    """Return the host of an address, or "" for a local one; never raises."""
    if is_local(url):
        return ""
    if "://" in url:
        try:
            return urlsplit(url).hostname or ""
        except ValueError:
            return ""
    return url.split(":")[0].rpartition("@")[2]


def ssh_destination(url: str) -> tuple[str, ...] | None:
    """Return the arguments that tell ssh where an address leads, or None for one that is not ssh's."""
    if "://" not in url:
        return (url.split(":")[0],) if is_scp_like(url) and "[" not in url else None
    try:
        parts = urlsplit(url)
        if "ssh" not in parts.scheme or not parts.hostname:
            return None
        port = ("-p", str(parts.port)) if parts.port else ()
    except ValueError:
        return None
    where = parts.netloc.rpartition("@")[2].removesuffix(f":{parts.port}").strip("[]")
    return (*port, f"{parts.username}@{where}" if parts.username else where)


def ssh_path(url: str) -> str | None:
    """Return the path that git would send to a host by ssh; None if that takes more than reading it, or is odd."""
    if ssh_destination(url) is None or "%" in url:
        return None
    path = url.partition("://")[2].partition("/")[2] if "://" in url else url.partition(":")[2]
    if "://" in url and not path.startswith("~"):
        path = f"/{path}"
    return None if path in {"", "/"} or path.startswith("-") or _CONTROL.search(path) else path


def split_secret(url: str) -> tuple[str, tuple[str, str] | None]:
    """Separate an http(s) address from the user and password in it: (address, (user, password)) or (address, None)."""
    scheme, mark, rest = url.partition("://")
    scheme = scheme.lower()
    if not mark:
        return url, None
    server, slash, path = rest.partition("/")
    login, at, where = server.rpartition("@")
    if not at or scheme not in {"http", "https"}:
        return f"{scheme}://{rest}", None
    # Tokens are often written as a single word before the @: a secret, too.
    user, _, password = login.partition(":")
    return f"{scheme}://{where}{slash}{path}", (unquote(user), unquote(password))


@lru_cache(maxsize=1024)
def identity(url: str) -> str:
    """Return the form in which two spellings of one address are equal.

    On a server `x` and `x.git` are one repository; on this disk they may be two. Cached: whoever looks at a repository
    asks several times.
    """
    clean = split_secret(url)[0].removeprefix("file://")
    return (clean.rstrip("/") or "/") if is_local(url) else clean.rstrip("/").removesuffix(".git")


def server(url: str) -> str:
    """Return HOST, or HOST:PORT of an http address that names a port; "" for a local address."""
    if "://" not in url or is_local(url):
        return host(url).lower()
    try:
        parts = urlsplit(url)
        port = parts.port if parts.scheme.lower() in {"http", "https"} else None
    except ValueError:
        return ""
    return f"{parts.hostname or ''}:{port}" if port else parts.hostname or ""


def path_of(url: str) -> str:
    """Return the path of a repository on its server, without a slash or .git at its ends."""
    if is_local(url):
        path = url.removeprefix("file://")
    elif "://" in url:
        path = url.partition("://")[2].partition("/")[2]
    else:
        path = url.partition(":")[2]
    return path.strip("/").removesuffix(".git")


def project(url: str) -> str:
    """Return a form of an address that is equal for all addresses of one repository, by ssh or by https."""
    return f"{host(url).lower()}/{path_of(url)}"


def branch_refusal(name: str) -> str | None:
    """Say why a name is not a branch name, by the rules of git-check-ref-format, or None."""
    return _refusal(name, "is not the short name of a branch")


def remote_refusal(name: str) -> str | None:
    """Say why a name is not that of a remote, or None: git has it among the names of branches."""
    return _refusal(name, "is not the name of a remote")


@lru_cache(maxsize=1024)
def _refusal(name: str, no_name: str) -> str | None:
    """Say why a name cannot be part of a ref, with the words for one that is no name at all, or None.

    Cached: most repositories of an inventory have the same branch.
    """
    if not name or name.startswith(("-", "refs/")) or name == "@":
        return no_name
    return ref_refusal(name)


def ref_refusal(name: str) -> str | None:
    """Say why git takes no ref of this name, or None."""
    if re.search(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|\.$|/$|^/", name):
        return "has characters that git does not allow"
    if any(part.startswith(".") or part.endswith(".lock") for part in name.split("/")):
        return "has a component that begins with '.' or ends with '.lock'"
    return None


def web_refusal(url: str) -> str | None:
    """Say why an address is not that of an HTTP interface that we may use, or None."""
    try:
        parts = urlsplit(url)
        if parts.scheme.lower() not in {"http", "https"} or not parts.hostname or _CONTROL.search(url):
            return "takes an address such as https://HOST/api/v4"
        if parts.username is not None or parts.password is not None:
            return "holds a user name or password; tokens come from the environment"
        return "has a query or a fragment" if parts.query or parts.fragment else None
    except ValueError:
        return "is not an address"
