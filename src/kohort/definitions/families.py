"""Families of traits: what kind of thing a trait says of somebody."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Family(StrEnum):
    """What a trait speaks of; OTHER are those that nobody has placed."""

    DEMOGRAPHIC = "demographic"
    FIRMOGRAPHIC = "firmographic"
    GEOGRAPHIC = "geographic"
    TECHNOGRAPHIC = "technographic"
    TRANSACTIONAL = "transactional"
    BEHAVIOURAL = "behavioural"
    PSYCHOGRAPHIC = "psychographic"
    OTHER = "other"


_USUAL: Final[Mapping[Family, str]] = {
    Family.DEMOGRAPHIC: "age age_band birthday birth_date birthdate date_of_birth gender sex title first_name "
    "last_name given_name family_name name language locale nationality income marital_status household_composition "
    "household_size home_ownership kids_count children education occupation date_naissance sexe civilite prenom nom "
    "revenu situation_familiale csp",
    Family.FIRMOGRAPHIC: "company company_name company_size employees industry sector job job_title seniority "
    "department siren siret naf vat_number website secteur metier entreprise",
    Family.GEOGRAPHIC: "address street city town postal_code postcode zip zip_code region state country country_code "
    "latitude longitude timezone commune departement code_postal ville pays adresse",
    Family.TECHNOGRAPHIC: "device browser os platform user_agent app_version screen",
    Family.PSYCHOGRAPHIC: "interests hobbies values motivations lifestyle satisfaction nps sentiment",
}
_BY_NAME: Final = {name: family for family, names in _USUAL.items() for name in names.split()}


def usual_family(trait: str) -> Family:
    """Return the family that a trait of this name usually is of.

    >>> usual_family("postal_code"), usual_family("shoe_size")
    (<Family.GEOGRAPHIC: 'geographic'>, <Family.OTHER: 'other'>)
    """
    return _BY_NAME.get(trait.lower(), Family.OTHER)
