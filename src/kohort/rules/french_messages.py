"""Les messages en français : what is said in French where a rule is wrong, by the English template.

A test holds the table to the templates that the rule language uses, each with the same values.
"""

from collections.abc import Mapping
from typing import Final

FRENCH_MESSAGES: Final[Mapping[str, str]] = {
    # Names
    'did you mean "{name}"?': 'vouliez-vous dire "{name}" ?',
    "known: {names}": "connus : {names}",
    "none is known yet": "aucun n'est encore connu",
    'unknown event "{name}"': 'événement inconnu : "{name}"',
    'unknown trait "{name}"': 'trait inconnu : "{name}"',
    'unknown segment "{name}"': 'segment inconnu : "{name}"',
    'unknown segment "{name}"; {hint}': 'segment inconnu : "{name}" ; {hint}',
    'unknown purpose "{name}"': 'finalité inconnue : "{name}"',
    'unknown period "{name}"': 'période inconnue : "{name}"',
    'unknown property of {event} "{name}"': 'propriété inconnue de {event} : "{name}"',
    "{event} is an event, not a trait": "{event} est un événement, pas un trait",
    "write: did {event}, or: count of {event} >= 1": "écrivez : a fait {event}, ou : nombre de {event} >= 1",
    "a name cannot be empty": "un nom ne peut pas être vide",
    "an event stands here alone, without a property; a name with a dot stands in backticks": (
        "un événement est attendu ici seul, sans propriété ; un nom qui contient un point s'écrit entre accents graves"
    ),
    "all but a count need a property behind the event, as in: sum of order_completed.total": (
        "à part le nombre, il faut une propriété après l'événement, comme dans : somme de order_completed.total"
    ),
    '"{name}" is no point: it needs the number traits {name}.latitude and {name}.longitude': (
        '"{name}" n\'est pas un point : il faut les traits numériques {name}.latitude et {name}.longitude'
    ),
    # Syntax
    "or": "ou",
    "the rule ends too early; expected {expected}": "la règle s'arrête trop tôt ; attendu : {expected}",
    "{word} does not fit here; expected {expected}": "{word} ne convient pas ici ; attendu : {expected}",
    "the name or text that begins here is not closed": "le nom ou le texte qui commence ici n'est pas fermé",
    "end it with {sign}": "terminez-le par {sign}",
    '{sign} does not fit here; text stands in double quotes: "FR"': (
        '{sign} ne convient pas ici ; un texte s\'écrit entre guillemets droits : "FR"'
    ),
    "{sign} is no sign of the rule language": "{sign} n'est pas un signe du langage des règles",
    "write {sign}": "écrivez {sign}",
    'text stands in double quotes: "{word}"': 'un texte s\'écrit entre guillemets droits : "{word}"',
    'after "in" comes last 7 days, top 5%, bottom 5%, a month, period or segment': (
        'après "dans" viennent : les 7 derniers jours, les 5 % supérieurs, les 5 % inférieurs, '
        "une période ou un segment"
    ),
    "\\{escape} means nothing; for a backslash write two: \\\\{escape}": (
        "\\{escape} ne veut rien dire ; une barre oblique inverse s'écrit deux fois : \\\\{escape}"
    ),
    "the text holds half a character (a lone surrogate), which cannot be stored": (
        "le texte contient une moitié de caractère (un demi-codet isolé), qui ne peut pas être enregistrée"
    ),
    # Sizes
    "the rule is longer than {most:,} characters": "la règle dépasse {most} caractères",
    "the rule is nested more than {most} deep; give a part of it a name, as a segment": (
        "la règle est imbriquée sur plus de {most} niveaux ; donnez un nom à une partie, sous forme de segment"
    ),
    "the rule has more than {most} conditions; give a part of it a name, as a segment": (
        "la règle a plus de {most} conditions ; donnez un nom à une partie, sous forme de segment"
    ),
    "segments refer to each other in a circle: {path}": "des segments se renvoient l'un à l'autre en boucle : {path}",
    "more than {most} segments inside one another: {path}": "plus de {most} segments emboîtés : {path}",
    'in segment "{name}": {problem}': 'dans le segment "{name}" : {problem}',
    "and, or combine at least two conditions": "et, ou relient au moins deux conditions",
    "is one of takes 1 to {most:,} texts": "est parmi prend de 1 à {most} textes",
    # Types
    "a number": "un nombre",
    "a text": "un texte",
    "a boolean": "un booléen (vrai ou faux)",
    "a moment": "un moment",
    "a list of text": "une liste de textes",
    "{value} is {types}; it cannot be compared with {wanted}": (
        "{value} est {types} ; impossible de comparer avec {wanted}"
    ),
    "{value} is {types}; this is asked of {wanted} only": "{value} est {types} ; cela ne se demande qu'à {wanted}",
    "{value} can only be = or != to {wanted}": "{value} se compare à {wanted} avec = ou != seulement",
    "only numbers have a sum, mean, min or max, but {name} is {types}": (
        "seuls des nombres ont une somme, une moyenne, un minimum ou un maximum, mais {name} est {types}"
    ),
    "a place in the population needs a number, but {value} is {types}": (
        "une place dans la population demande un nombre, mais {value} est {types}"
    ),
    'a list of text is asked so: interests includes "golf"': (
        'une liste de textes s\'interroge ainsi : interests comprend "golf"'
    ),
    'a text is asked so: country = "FR", or: email contains "@example.org"': (
        'un texte s\'interroge ainsi : country = "FR", ou : email contient "@example.org"'
    ),
    "write the number without quotes": "écrivez le nombre sans guillemets",
    "write the text in double quotes": "écrivez le texte entre guillemets droits",
    "write a date such as 2026-01-31 or a time such as 2026-01-31T09:30:00+01:00, without quotes": (
        "écrivez une date comme 2026-01-31 ou une heure comme 2026-01-31T09:30:00+01:00, sans guillemets"
    ),
    "{value} is a property; it stands in a where only": "{value} est une propriété ; elle ne va que dans un où",
    "a where looks at the properties of its own event only": "un où ne regarde que les propriétés de son événement",
    "the two ends of between are of different types": "les deux bornes de entre ne sont pas du même type",
    # Numbers, dates, windows
    "the number is larger than Kohort can hold; write one below 9,000,000,000,000": (
        "le nombre est trop grand pour Kohort ; écrivez-en un au-dessous de 9 000 000 000 000"
    ),
    "expected a whole number, not {written}": "un nombre entier est attendu, pas {written}",
    "the calendar has no {written}": "{written} n'existe pas dans le calendrier",
    "the last day of the calendar has no end; write an earlier date": (
        "le dernier jour du calendrier n'a pas de fin ; écrivez une date antérieure"
    ),
    "the offset of a time is whole minutes, such as +01:00": (
        "le décalage d'une heure se compte en minutes entières, comme +01:00"
    ),
    "a month or a year has no fixed length; write days or weeks, such as 30 days": (
        "un mois ou un an n'a pas de durée fixe ; écrivez des jours ou des semaines, comme 30 jours"
    ),
    '"{unit}" is no unit of time; write seconds, minutes, hours, days or weeks': (
        '"{unit}" n\'est pas une unité de temps ; écrivez secondes, minutes, heures, jours ou semaines'
    ),
    "a window of no length holds nothing; write at least 1": (
        "une période de durée nulle ne contient rien ; écrivez au moins 1"
    ),
    "a window of more than 100 years; leave it out to count everything": (
        "une période de plus de 100 ans ; sans période, tout compte"
    ),
    "the window ends before it begins": "la période finit avant de commencer",
    "a window stands between two dates or times": "une période va d'une date ou d'une heure à une autre",
    "only a value over events has a window": "seule une valeur calculée sur des événements a une période",
    "the value has a window already": "la valeur a déjà une période",
    "a year has the months 1 to 12": "une année a les mois 1 à 12",
    "an anniversary is a day: write days or weeks": "un anniversaire est un jour : écrivez des jours ou des semaines",
    "an anniversary is looked for in the next 1 to {most} days": (
        "un anniversaire se cherche dans les 1 à {most} prochains jours"
    ),
    # Population
    "a score is out of 2 to {most}": "un score est sur 2 à {most}",
    "a score already is a place in the population": "un score est déjà une place dans la population",
    "a quantile is a number from 0 to 1, such as quantile 0.9": "un quantile va de 0 à 1, comme quantile 0.9",
    "top and bottom take more than 0% and at most 100%": (
        "les pourcentages supérieurs et inférieurs vont de plus de 0 % à 100 %"
    ),
    # Sequences
    "a sequence has 2 to {most} steps": "une suite a de 2 à {most} étapes",
    "a sequence begins with something that was done, in a window of its own": (
        "une suite commence par quelque chose qui a été fait, dans sa propre période"
    ),
    "what was not done at the end needs its time, such as within 1 day": (
        "ce qui n'a pas été fait à la fin demande un délai, comme en 1 jour"
    ),
    "what was not done between two steps has no time of its own; they limit it": (
        "ce qui n'a pas été fait entre deux étapes n'a pas de délai propre ; elles le bornent"
    ),
    "all within needs two steps that were done": "le tout en demande deux étapes qui ont été faites",
    # Places
    "a place is (latitude, longitude), from -90 to 90 and from -180 to 180 degrees": (
        "un lieu est (latitude, longitude), de -90 à 90 et de -180 à 180 degrés"
    ),
    "a distance is compared with <, <=, > or >=": "une distance se compare avec <, <=, > ou >=",
    "a distance is not negative": "une distance n'est pas négative",
    "a polygon has {fewest} to {most:,} corners": "un polygone a de {fewest} à {most} sommets",
    "two neighbouring corners of the polygon are more than 180 degrees of longitude apart; "
    "write one polygon on each side of the antimeridian, joined by or": (
        "deux sommets voisins du polygone sont à plus de 180 degrés de longitude ; "
        "écrivez un polygone de chaque côté de l'antiméridien, reliés par ou"
    ),
    '"{cell}" is no H3 cell; one is written as 15 hexadecimal digits, such as "881fb46625fffff"': (
        '"{cell}" n\'est pas une cellule H3 ; elle s\'écrit en 15 chiffres hexadécimaux, comme "881fb46625fffff"'
    ),
    # Regular expressions
    "the regular expression is longer than {most} characters": "l'expression régulière dépasse {most} caractères",
    "a regular expression cannot hold the character NUL": (
        "une expression régulière ne peut pas contenir le caractère NUL"
    ),
    "the regular expression is nested more than {most} deep": (
        "l'expression régulière est imbriquée sur plus de {most} niveaux"
    ),
    "the regular expression closes a group that was never opened; write \\)": (
        "l'expression régulière ferme un groupe qui n'a pas été ouvert ; écrivez \\)"
    ),
    "{times} repeats nothing here; write \\{sign} for the sign": (
        "{times} ne répète rien ici ; écrivez \\{sign} pour le signe"
    ),
    "the regular expression opens a group that it never closes": (
        "l'expression régulière ouvre un groupe qu'elle ne ferme pas"
    ),
    "a regular expression has no {shown}: only (…) and (?:…) are groups": (
        "une expression régulière n'a pas de {shown} : seuls (…) et (?:…) sont des groupes"
    ),
    "the regular expression has a [ that is not closed, or holds what RE2 refuses": (
        "l'expression régulière a un [ qui n'est pas fermé, ou qui contient ce que RE2 refuse"
    ),
    "{shown} is outside RE2, the regular expressions of this language": (
        "{shown} n'est pas dans RE2, les expressions régulières de ce langage"
    ),
    "[:{name}:] is no class of characters; write [:alpha:] or [:digit:]": (
        "[:{name}:] n'est pas une classe de caractères ; écrivez [:alpha:] ou [:digit:]"
    ),
    "{low}-{high} is no range of characters": "{low}-{high} n'est pas un intervalle de caractères",
    "a - inside […] stands first, last, or as \\-": "un - dans […] se place au début, à la fin, ou s'écrit \\-",
    "{times} is no number of times from 0 to {most}": "{times} n'est pas un nombre de répétitions de 0 à {most}",
    "the regular expression repeats more than {most} times in all": (
        "l'expression régulière répète plus de {most} fois en tout"
    ),
}
