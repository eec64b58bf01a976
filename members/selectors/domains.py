"""Domains under which institutions appear, as a mark of identity: the registrable part, never that of a public mail host."""

from __future__ import annotations

import re

REGISTRABLE = (
    r"([^.]+\.(?:(?:com|co|org|net|edu|ac|gov|gob|gouv|go|or|ne|mil|info|"
    r"bj|sh|tj|cq|he|sx|nm|ln|jl|hl|js|zj|ah|fj|jx|sd|ha|hb|hn|gd|gx|hi|sc|gz|yn|xz|sn|gs|qh|nx|xj|tw|hk|mo)\.[a-z]{2}|[^.]+))$"
)
"""The last label that was registered, with its suffix; understood by PostgreSQL and Python alike.

Under a country's domain the usual second level (``edu.cn``, ``co.uk``, the provinces' ``gd.cn``) belongs to the suffix.
"""
HOST = r"^[a-z]+://([^/:?#@]+)"
PUBLIC_DOMAINS: frozenset[str] = frozenset(
    {
        # mail for everybody
        *("qq.com", "foxmail.com", "163.com", "126.com", "yeah.net", "188.com", "sina.com", "sina.cn", "sohu.com"),
        *("aliyun.com", "139.com", "189.cn", "21cn.com", "tom.com", "wo.cn", "263.net", "vip.163.com"),
        *("gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "live.cn", "msn.com", "yahoo.com"),
        *("yahoo.com.cn", "yahoo.cn", "icloud.com", "me.com", "aol.com", "gmx.de", "gmx.net", "web.de", "proton.me"),
        *("protonmail.com", "mail.ru", "yandex.ru", "naver.com", "daum.net", "zoho.com", "mail.com"),
        # pages for everybody
        *("github.io", "github.com", "gitee.com", "gitee.io", "weixin.qq.com", "weibo.com", "zhihu.com", "baidu.com"),
        *("wordpress.com", "blogspot.com", "wixsite.com", "weebly.com", "google.com", "facebook.com", "linkedin.com"),
        *("wikipedia.org", "1688.com", "alibaba.com", "taobao.com", "toutiao.com", "bilibili.com", "csdn.net"),
    }
)
"""Domains that say nothing about whose the address is."""

_REGISTRABLE = re.compile(REGISTRABLE)
_HOST = re.compile(HOST)


def domain_of(address: str) -> str:
    """The registrable domain of a web or e-mail address, lower case; empty for none, a number or a public host."""
    text = address.strip().lower()
    if match := _HOST.match(text):
        host = match[1]
    else:
        host = text.rpartition("@")[2].partition("/")[0]
    host = host.strip(".")
    if re.fullmatch(r"[0-9.]*", host):
        return ""
    found = _REGISTRABLE.search(host)
    if found is None or found[1] in PUBLIC_DOMAINS:
        return ""
    return found[1]
