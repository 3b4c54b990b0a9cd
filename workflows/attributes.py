"""The search attributes by which operators find contracts and campaigns: all, within SQL visibility's limits."""

from temporalio.common import SearchAttributeKey

STATUS = SearchAttributeKey.for_keyword("ContractStatus")
PROGRAMME = SearchAttributeKey.for_keyword("Programme")
CUSTOMER = SearchAttributeKey.for_keyword("CustomerId")
STAGE = SearchAttributeKey.for_keyword("ContractStage")
NEXT_STEP = SearchAttributeKey.for_keyword("NextStep")
NEXT_DUE_AT = SearchAttributeKey.for_datetime("NextDueAt")
TERM_ENDS_AT = SearchAttributeKey.for_datetime("TermEndsAt")
TERM_NUMBER = SearchAttributeKey.for_int("TermNumber")
RULES_VERSION = SearchAttributeKey.for_int("RulesVersion")
NEEDS_ATTENTION = SearchAttributeKey.for_bool("NeedsAttention")
CAMPAIGN_STATUS = SearchAttributeKey.for_keyword("CampaignStatus")

ALL = (
    STATUS,
    STAGE,
    PROGRAMME,
    CUSTOMER,
    NEXT_STEP,
    NEXT_DUE_AT,
    TERM_ENDS_AT,
    TERM_NUMBER,
    RULES_VERSION,
    NEEDS_ATTENTION,
    CAMPAIGN_STATUS,
)
