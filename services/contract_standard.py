"""Standard text of a technology service contract with three parties: version 0 of the clause library and of its template.

Written for this project after the usual order of such contracts in China (Civil Code, book three, chapter 20, technology
contracts; registration of technology contracts). It is a model text and no legal advice; the pages and the document say so. An
alliance changes it by its own versions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise


@dataclass(frozen=True, slots=True)
class StandardClause:
    """A clause as shipped.

    Attributes:
        key: Key in the library.
        title_en: Short title.
        title_zh: The same in Chinese.
        body_en: Text with placeholders.
        body_zh: The same in Chinese.
    """

    key: str
    title_en: str
    title_zh: str
    body_en: str
    body_zh: str


@dataclass(frozen=True, slots=True)
class StandardArticle:
    """An article of the template: its heading and the keys of its clauses, in order."""

    title_en: str
    title_zh: str
    clauses: tuple[str, ...]


TEMPLATE_KEY: Final = "technology-service"
TEMPLATE_TITLE_EN: Final = "Technology Service Contract (three parties)"
TEMPLATE_TITLE_ZH: Final = "技术服务合同（三方）"

PLACEHOLDERS: Final[dict[str, StrOrPromise]] = {
    "a.name": _("name of the demand side"),
    "b.name": _("name of the supply side"),
    "c.name": _("name of the witness"),
    "a.brings": _("what the demand side brings"),
    "b.brings": _("what the supply side brings"),
    "c.brings": _("what the witness brings"),
    "title": _("title of the contract"),
    "scope": _("services and scope"),
    "aims": _("aims that can be checked"),
    "excluded": _("what is not included"),
    "starts_on": _("first day"),
    "ends_on": _("last day"),
    "price": _("total price in figures"),
    "price_words": _("total price in words"),
    "pay_days": _("working days to pay"),
    "accept_days": _("working days to accept"),
    "owner": _("owner of the results"),
    "share.a": _("share of the demand side"),
    "share.b": _("share of the supply side"),
    "share.c": _("share of the alliance fund"),
    "share.years": _("years of sharing"),
    "share.basis": _("what is shared"),
    "nda_years": _("years of confidentiality"),
    "penalty.a": _("daily penalty of the demand side"),
    "penalty.b": _("daily penalty of the supply side"),
    "refund": _("refund when an aim is missed"),
    "risk": _("who bears which risk"),
    "forum": _("where disputes are decided in the end"),
}
"""What a clause may refer to as ``{{name}}``, in words."""


def _c(key: str, title: tuple[str, str], body_en: str, body_zh: str) -> StandardClause:
    return StandardClause(key, title[0], title[1], body_en, body_zh)


CLAUSES: Final[tuple[StandardClause, ...]] = (
    _c(
        "engagement",
        ("Engagement", "委托"),
        "Party A engages Party B to provide the technical service “{{title}}”.",
        "甲方委托乙方就“{{title}}”提供技术服务。",
    ),
    _c("scope", ("Services", "服务内容"), "Services: {{scope}}", "服务内容：{{scope}}"),
    _c(
        "aims",
        ("Aims", "目标"),
        "Aims that can be checked, with the base value and the method of measurement: {{aims}}",
        "可验证的目标、基线值与测量方法：{{aims}}",
    ),
    _c("excluded", ("Not included", "不包括的内容"), "Not included: {{excluded}}", "不包括：{{excluded}}"),
    _c(
        "term",
        ("Term", "服务期"),
        "The term runs from {{starts_on}} to {{ends_on}}, both days included.",
        "服务期自{{starts_on}}起至{{ends_on}}止（含当日）。",
    ),
    _c(
        "milestones",
        ("Milestones", "里程碑"),
        "Milestones, deliverables, due dates, acceptance criteria and payments are those of the table of milestones, which is part of this contract.",
        "里程碑、交付物、完成日期、验收标准和付款以里程碑表为准，该表为本合同的组成部分。",
    ),
    _c(
        "duties-demand",
        ("Duties of Party A", "甲方义务"),
        "Party A provides {{a.brings}}. Where Party A is late with it, the term is extended accordingly.",
        "甲方提供{{a.brings}}；因甲方迟延的，期限相应顺延。",
    ),
    _c(
        "duties-supply",
        ("Duties of Party B", "乙方义务"),
        "Party B carries out the work with {{b.brings}}, changes key people only with the written consent of Party A, and keeps the safety rules of Party A on its premises.",
        "乙方以{{b.brings}}实施；更换主要人员须经甲方书面同意；进入现场遵守甲方安全规定。",
    ),
    _c(
        "duties-witness",
        ("Duties of Party C", "丙方义务"),
        "Party C provides {{c.brings}}, witnesses the signing, follows the work, checks the papers of milestones and mediates. It guarantees no debt of Party A or Party B.",
        "丙方提供{{c.brings}}，见证签署、跟踪履行、核对里程碑材料并主持调解；不对甲方或乙方的债务承担担保责任。",
    ),
    _c(
        "conflict-of-interest",
        ("Conflict of interest", "利益冲突"),
        "Where Party C or its staff have a conflict of interest with another party, they declare it and others take over.",
        "丙方及其经办人与任何一方有利益冲突的，应当申报并由他人承办。",
    ),
    _c(
        "price",
        ("Price", "服务费"),
        "The total price is CNY {{price}} ({{price_words}}).",
        "服务费总额人民币{{price_words}}（¥{{price}}）。",
    ),
    _c(
        "payment",
        ("Payment", "支付"),
        "Payment follows the milestones: within {{pay_days}} working days of acceptance and of a valid invoice.",
        "按里程碑支付：验收通过且收到合法票据后{{pay_days}}个工作日内付款。",
    ),
    _c(
        "no-payment-before-acceptance",
        ("No payment before acceptance", "验收前不付款"),
        "Nothing is paid for a milestone before it was accepted.",
        "里程碑未验收通过的，不支付该里程碑款项。",
    ),
    _c(
        "acceptance",
        ("Acceptance", "验收"),
        "Party A accepts a deliverable or lists what is to be mended, in writing, within {{accept_days}} working days of receiving it. If it stays silent for five more working days after a reminder by Party C, it is taken to have accepted.",
        "甲方自收到交付物之日起{{accept_days}}个工作日内书面验收或提出具体整改意见；逾期未答复的，经丙方催告后再过五个工作日，视为验收通过。",
    ),
    _c(
        "rework",
        ("Rework", "整改"),
        "There are two rounds of rework at most; if the deliverable still fails its criterion, the article on breach applies.",
        "整改以两次为限，仍不合格的适用违约条款。",
    ),
    _c(
        "laboratory",
        ("Test by a third party", "第三方检测"),
        "Where the parties disagree whether a criterion is met, a laboratory named by all three decides; the party found wrong bears the cost.",
        "对是否达标有争议的，由三方共同委托检测机构测定，费用由结果不利的一方承担。",
    ),
    _c(
        "earlier-rights",
        ("Earlier rights", "原有知识产权"),
        "Rights that a party had before stay with it.",
        "各方原有知识产权归各自所有。",
    ),
    _c(
        "results",
        ("Results", "技术成果"),
        "Technical results of this contract belong to {{owner}}; a party that does not own them has a non-exclusive right to use them in its own institution.",
        "履行本合同产生的技术成果归{{owner}}所有；非所有方在本单位内享有非独占使用权。",
    ),
    _c(
        "research-use",
        ("Research and teaching", "科研与教学使用"),
        "Every party may use the results in research and teaching, trade secrets excepted.",
        "各方均可将成果用于科研和教学，但不得泄露商业秘密。",
    ),
    _c(
        "alliance-use",
        ("Use in the alliance", "编入联盟成果"),
        "With the consent of Party A and Party B, methods that are not secret may become part of results of the alliance, with credit to both.",
        "未涉密的方法经甲乙双方同意，可编入联盟成果供其他成员使用，并署双方名称。",
    ),
    _c(
        "benefit-sharing",
        ("Benefit sharing", "利益分配"),
        "What is shared: {{share.basis}}. Shares: Party A {{share.a}}%, Party B {{share.b}}%, the fund of the alliance {{share.c}}%, for {{share.years}} years from the acceptance of the last milestone.",
        "分配对象：{{share.basis}}。分配比例：甲方{{share.a}}%、乙方{{share.b}}%、联盟基金{{share.c}}%，期限为最后一个里程碑验收通过后{{share.years}}年。",
    ),
    _c(
        "net-income",
        ("Net income", "净收益"),
        "Net income means what was received, less taxes and direct costs that both sides agreed to beforehand.",
        "净收益指实收款扣除税费和双方事先认可的直接成本。",
    ),
    _c(
        "confidentiality",
        ("Confidentiality", "保密"),
        "Material marked as confidential serves this contract only, until {{nda_years}} years after its end.",
        "标注为保密的资料仅用于本合同，保密期至合同终止后{{nda_years}}年。",
    ),
    _c(
        "personal-data",
        ("Personal data", "个人信息"),
        "Personal data are handled as little as needed, and erased or returned within thirty days of the end of the contract.",
        "涉及个人信息的，按最小必要原则处理，合同终止后三十日内删除或返还。",
    ),
    _c(
        "public-cases",
        ("Public cases", "公开案例"),
        "Cases that are made public leave out names of enterprises and production data unless Party A agrees in writing.",
        "公开案例须隐去企业名称和生产数据，除非甲方书面同意。",
    ),
    _c("risk", ("Risks", "风险承担"), "Risks of the work: {{risk}}", "项目风险的承担：{{risk}}"),
    _c(
        "penalty",
        ("Delay", "迟延"),
        "Party B pays {{penalty.b}}% of the milestone’s amount for each day a deliverable is late; Party A pays {{penalty.a}}% of the sum due for each day a payment is late; each at most 10% of the sum concerned.",
        "乙方逾期交付，每日按该里程碑金额的{{penalty.b}}%支付违约金；甲方逾期付款，每日按逾期金额的{{penalty.a}}%支付；各以该笔金额的10%为上限。",
    ),
    _c(
        "missed-aims",
        ("Missed aims", "目标未达到"),
        "Where an aim that was agreed on is not reached: {{refund}}",
        "约定的可验证目标未达到的：{{refund}}",
    ),
    _c(
        "fundamental-breach",
        ("Fundamental breach", "根本违约"),
        "After a fundamental breach that is not cured within fifteen days of a warning, the other side may cancel the contract.",
        "一方根本违约，经催告十五日仍未改正的，守约方可解除合同。",
    ),
    _c(
        "amendment",
        ("Change", "变更"),
        "A change needs an amendment signed by all three parties, which makes a new version.",
        "变更须三方签署补充协议并生成新版本。",
    ),
    _c(
        "suspension",
        ("Suspension", "中止"),
        "The contract may be suspended by force majeure or while a plant stands still for maintenance; the term is then extended.",
        "不可抗力或停产检修期间可以中止，恢复后期限顺延。",
    ),
    _c(
        "end",
        ("End", "终止"),
        "On the end of the contract accepted work is paid, unused money returned, and papers handed over against a list.",
        "终止后，已验收部分照付，未使用的款项退还，资料移交并列清单。",
    ),
    _c(
        "evaluation",
        ("Evaluation", "评价"),
        "Within twenty working days of completion or end each of the three parties evaluates the other two, nobody itself. The results inform later matching and can be appealed.",
        "完成或终止后二十个工作日内，三方分别评价另外两方，任何一方不得评价自己；结果用于匹配排序，可以申诉。",
    ),
    _c(
        "disputes",
        ("Disputes", "争议"),
        "The parties talk first. If that fails, a mediator without a link to any party, named by Party C, mediates within twenty working days. If that fails too, the dispute goes to {{forum}}. Where Party C is itself a party to the dispute, the management committee names the mediator.",
        "先协商；不成的由丙方指定无关联调解员，二十个工作日内调解；再不成的，提交{{forum}}。丙方为争议当事人的，调解员由管理委员会另行指定。",
    ),
    _c(
        "notices",
        ("Notices", "通知"),
        "Notices are given through the platform to the contacts of the parties; a change of contact is told three working days before.",
        "通知经平台送达各方联系人，联系人变更应提前三个工作日告知。",
    ),
    _c(
        "electronic-signature",
        ("Electronic signatures", "电子签名"),
        "Reliable electronic signatures count as signatures by hand or seal. The platform keeps their time, how the signatory proved who it is, and the digest of the text.",
        "可靠的电子签名与手写签名或盖章具有同等效力；平台保存签署时间、身份验证方式和文本摘要值。",
    ),
    _c(
        "effect",
        ("Effect", "生效"),
        "The contract is in force from the last of the signatures of the three parties. If they are not complete by the day set for signing, it lapses by itself.",
        "本合同自三方签署完毕之日起生效；至签署截止日未签齐的自动失效。",
    ),
    _c(
        "prevailing-language",
        ("Language", "文本"),
        "The contract is made in Chinese and English. Where they differ, the Chinese text prevails.",
        "本合同以中英文书就；两种文本不一致的，以中文本为准。",
    ),
)
"""Every shipped clause."""

ARTICLES: Final[tuple[StandardArticle, ...]] = (
    StandardArticle("Services and aims", "服务内容与目标", ("engagement", "scope", "aims", "excluded")),
    StandardArticle("Term, milestones and deliverables", "期限、里程碑与交付物", ("term", "milestones")),
    StandardArticle("Duties", "各方义务", ("duties-demand", "duties-supply", "duties-witness", "conflict-of-interest")),
    StandardArticle("Price and payment", "费用与支付", ("price", "payment", "no-payment-before-acceptance")),
    StandardArticle("Acceptance", "验收", ("acceptance", "rework", "laboratory")),
    StandardArticle(
        "Intellectual property", "知识产权与成果使用", ("earlier-rights", "results", "research-use", "alliance-use")
    ),
    StandardArticle("Benefit sharing", "利益分配", ("benefit-sharing", "net-income")),
    StandardArticle("Confidentiality and data", "保密与数据", ("confidentiality", "personal-data", "public-cases")),
    StandardArticle("Risk and breach", "风险与违约", ("risk", "penalty", "missed-aims", "fundamental-breach")),
    StandardArticle("Change, suspension and end", "变更、中止与终止", ("amendment", "suspension", "end")),
    StandardArticle("Evaluation", "评价", ("evaluation",)),
    StandardArticle("Disputes", "争议解决", ("disputes",)),
    StandardArticle("General", "其他", ("notices", "electronic-signature", "effect", "prevailing-language")),
)
"""The articles of the shipped template."""

OPTIONAL: Final = frozenset(
    {"excluded", "laboratory", "research-use", "alliance-use", "net-income", "personal-data", "public-cases", "risk"}
)
"""Clauses that may be left out of a contract; every other clause of the template stays."""
