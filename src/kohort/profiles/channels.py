"""Where a visit came from, by the words of its campaign and by the page before."""

from collections.abc import Callable, Collection, Mapping
from typing import Final
from urllib.parse import parse_qs, urlsplit

from kohort.definitions.visits import Channel

_WORDS: Final[Mapping[Channel, str]] = {
    Channel.DIRECT: "direct (none) none",
    Channel.SEARCH: "search organic seo",
    Channel.SOCIAL: "social social-network social-media social_media sm organic_social organic-social",
    Channel.EMAIL: "email e-mail e_mail mail newsletter",
    Channel.AD: "ad ads cpc ppc cpm cpv cpa paid paidsearch paid-search paid_search paidsocial paid-social paid_social "
    "display banner retargeting remarketing affiliate affiliates",
    Channel.REFERRAL: "referral link partner",
    Channel.MESSAGE: "sms push whatsapp message notification",
}
_BY_WORD: Final = {word: channel for channel, words in _WORDS.items() for word in words.split()}
_NAMES: Final[Mapping[Channel, str]] = {
    Channel.SEARCH: "google bing yahoo duckduckgo ecosia qwant yandex baidu startpage naver seznam kagi",
    Channel.SOCIAL: "facebook instagram twitter x linkedin pinterest reddit tiktok youtube snapchat threads bsky vk "
    "mastodon tumblr",
    Channel.EMAIL: "gmail outlook mailchimp brevo sendinblue newsletter",
}
_BY_NAME: Final = {name: channel for channel, names in _NAMES.items() for name in names.split()}
_HOSTS: Final = {
    "t.co": Channel.SOCIAL,
    "lnkd.in": Channel.SOCIAL,
    "youtu.be": Channel.SOCIAL,
    "fb.me": Channel.SOCIAL,
    "outlook.live.com": Channel.EMAIL,
    "outlook.office.com": Channel.EMAIL,
    "search.brave.com": Channel.SEARCH,
}
_MAIL: Final = ("mail", "webmail")
_AD_MARKS: Final = frozenset(("gclid", "gbraid", "wbraid", "dclid", "msclkid"))
_SECOND_LEVEL: Final = frozenset(("co", "com", "org", "net", "ac", "gov"))

Read = Callable[[str], Channel | None]


def channel_of_word(word: str) -> Channel | None:
    """Return the channel of a medium, or of a channel's own name; None of an empty one.

    >>> channel_of_word("CPC"), channel_of_word("qr"), channel_of_word("")
    (<Channel.AD: 'ad'>, <Channel.OTHER: 'other'>, None)
    """
    word = word.strip().lower()
    return _BY_WORD.get(word, Channel.OTHER) if word else None


def channel_of_source(source: str) -> Channel | None:
    """Return the channel of a campaign of which only the source is said: a site's name or host.

    >>> channel_of_source("google"), channel_of_source("www.facebook.com"), channel_of_source("leaflet")
    (<Channel.SEARCH: 'search'>, <Channel.SOCIAL: 'social'>, <Channel.OTHER: 'other'>)
    """
    source = source.strip().lower()
    if not source:
        return None
    return _of_host(source) or _BY_WORD.get(source, Channel.OTHER)


def channel_of_search(search: str) -> Channel | None:
    """Return the channel that the query of an address tells: the mark of an ad, then utm_medium, then utm_source.

    >>> channel_of_search("?utm_source=google&utm_medium=cpc"), channel_of_search("?q=tea")
    (<Channel.AD: 'ad'>, None)
    """
    try:
        words = parse_qs(search[search.find("?") + 1 :].partition("#")[0])
    except ValueError:
        return None  # more fields than anybody means
    if _AD_MARKS & words.keys():
        return Channel.AD
    medium, source = (words.get(name, [""])[0] for name in ("utm_medium", "utm_source"))
    return channel_of_word(medium) or channel_of_source(source)


def channel_of_referrer(referrer: str, site: Collection[str] = ()) -> Channel | None:
    """Return the channel of the page before; None where there is none, or where it is the project's own (`site`).

    >>> channel_of_referrer("https://www.google.co.uk/"), channel_of_referrer("https://mail.google.com/mail")
    (<Channel.SEARCH: 'search'>, <Channel.EMAIL: 'email'>)
    >>> channel_of_referrer("blog.example.org/tea"), channel_of_referrer("https://a.example.com", ["example.com"])
    (<Channel.REFERRAL: 'referral'>, None)
    """
    referrer = referrer.strip()
    try:
        host = urlsplit(referrer if "//" in referrer else f"//{referrer}").hostname or ""
    except ValueError:
        return None  # no address
    if not host or any(host == own or host.endswith(f".{own}") for own in site):
        return None
    return _of_host(host) or Channel.REFERRAL


def _of_host(host: str) -> Channel | None:
    if host.removeprefix("www.") in _HOSTS:
        return _HOSTS[host.removeprefix("www.")]
    labels = host.split(".")
    if len(labels) > 1 and labels[0] in _MAIL:
        return Channel.EMAIL
    if len(labels) > 2 and labels[-2] in _SECOND_LEVEL:  # noqa: PLR2004 - a name, com and a country
        labels = labels[:-1]
    return _BY_NAME.get(labels[-2] if len(labels) > 1 else labels[0])
