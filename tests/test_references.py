"""References, discrepancies, claims, later outcomes and sources: read straight from the files, without the loader.

The spot checks were typed from the text of the review, not copied from the tables.
"""

import csv
import io
import re

import pytest
from conftest import ROOT

COLUMNS = {
    "references": "citation authors title journal year volume pages pmid doi note discrepancies",
    "discrepancies": "discrepancy_id kind printed problem corrected status evidence pmid doi locator",
    "claims": "claim_id section therapy population endpoint statistic horizon_months low high unit qualifier harm "
    "citations source locator discrepancies",
    "sources": "source name citation year pmid doi read_in secondary",
    "later_outcomes": "outcome_id source therapy arm population n endpoint statistic horizon_months value low high "
    "unit comparator locator note level adjusted how_read trial discrepancies subgroup",
    "trials": "trial name therapy rule_set years registration design arms n_by_arm source locator how_read note",
}
SECTIONS = [
    "Abstract",
    "Introduction",
    "Role of surgery",
    "Role of liver transplantation",
    "Image guided ablative techniques",
    "Intra-arterial therapies",
    "Systemic therapies",
    "Conclusion",
]
THERAPIES = set(
    "resection cytoreduction resection_ablation transplantation ablation embolization radioembolization "
    "somatostatin_analog interferon chemotherapy prrt mibg targeted none other".split()
)
ENDPOINTS = set(
    "overall_survival disease_free_survival progression_free_survival recurrence_free_survival time_to_progression "
    "response symptom_response biochemical_response response_duration mortality morbidity recurrence r0_resection "
    "r1_resection frequency toxicity wait_time other".split()
)
READINGS = ("printed", "corrected")
QUALIFIERS = {"about", "more_than", "at_least", "less_than", "up_to", "exact", "reported"}
KINDS = {"B1": "figure", "B2": "contradiction", "B3": "citation", "B4": "footnote", "B5": "sources"}
DOI = re.compile(r"10\.\d{4,9}/\S+")
PMID = re.compile(r"\d{6,8}")


def rows(name):
    with (ROOT / "data" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def ids(cell):
    return [found for found in cell.split("; ") if found]


REFERENCES = {int(r["citation"]): r for r in rows("references")}
DISCREPANCIES = {r["discrepancy_id"]: r for r in rows("discrepancies")}
CLAIMS = {r["claim_id"]: r for r in rows("claims")}
SOURCES = {r["source"]: r for r in rows("sources")}
LATER = {r["outcome_id"]: r for r in rows("later_outcomes")}


# The files


@pytest.mark.parametrize("name", COLUMNS)
def test_the_files_are_plain(name):
    raw = (ROOT / "data" / f"{name}.csv").read_bytes()
    text = raw.decode("utf-8")
    assert not text.startswith("\ufeff")
    assert "\r" not in text
    assert text.endswith("\n")
    table = rows(name)
    assert list(table[0]) == COLUMNS[name].split()
    again = io.StringIO()
    writer = csv.DictWriter(again, list(table[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    assert text == again.getvalue()  # quoted only where needed


@pytest.mark.parametrize("name", COLUMNS)
def test_no_cell_has_stray_blanks_or_broken_words(name):
    for row in rows(name):
        for column, cell in row.items():
            assert cell == cell.strip(), (row, column)
            assert "  " not in cell, (row, column)
            assert not re.search(r"[a-z]- [a-z]", cell), (row, column)
            assert not re.search("[\ufb00-\ufb06\u00ad\u000c]", cell), (row, column)  # ligatures, soft hyphens


@pytest.mark.parametrize("name", COLUMNS)
def test_keys_are_unique(name):
    keys = [next(iter(row.values())) for row in rows(name)]
    assert len(keys) == len(set(keys))
    assert all(keys)


@pytest.mark.parametrize("name", ["references", "discrepancies", "sources"])
def test_identifiers_have_their_form(name):
    for row in rows(name):
        assert not row["pmid"] or PMID.fullmatch(row["pmid"]), row
        assert not row["doi"] or DOI.fullmatch(row["doi"]), row
        assert not re.search(r"[\])}.,;]$", re.sub(r"\(\d+\)\S*$", "", row["doi"])), row


@pytest.mark.parametrize("name", ["claims", "discrepancies", "later_outcomes", "sources"])
def test_our_own_words_are_american(name):
    british = re.compile(r"tumour|randomis|embolis|centre\b|haem|oedema|labelled|localis|metastasis(e|ing)\b", re.I)
    for row in rows(name):
        assert not british.search(" ".join(row.values())), row


@pytest.mark.parametrize("name", ["references", "claims", "outcomes", "criteria", "rule_sets"])
def test_every_discrepancy_that_is_named_exists(name):
    for row in rows(name):
        found = ids(row["discrepancies"])
        assert set(found) <= set(DISCREPANCIES), row
        assert len(found) == len(set(found)), row


# References


def test_there_are_112_references_in_order():
    assert list(REFERENCES) == list(range(1, 113))
    for column in ("pmid", "doi", "title"):
        filled = [r[column] for r in REFERENCES.values() if r[column]]
        assert len(filled) == len(set(filled))


def test_each_reference_is_complete():
    for number, row in REFERENCES.items():
        assert re.fullmatch(r"(19|20)\d\d", row["year"]), number
        assert int(row["year"]) <= 2013, number
        assert re.fullmatch(r"\d+( Suppl \d)?", row["volume"]), number
        assert re.fullmatch(r"S?\d+(-S?\d+)?(; ((discussion|author reply) S?\d+(-S?\d+)?|x))?", row["pages"]), number
        assert row["pmid"], number
        assert not row["title"].endswith((".", "-")), number
        assert re.fullmatch(r"[^.]+", row["authors"]), number
        for author in row["authors"].split(", "):
            assert re.fullmatch(r"[\w’ -]+ [A-Z]{1,3}", author), (number, author)


def test_ten_references_are_printed_without_a_doi():
    assert [n for n, row in REFERENCES.items() if not row["doi"]] == [7, 16, 41, 49, 66, 68, 71, 73, 89, 93]


# number: first author, words of the title, journal, year, volume, pages, PMID, DOI
REFERENCE_CHECKS = {
    2: ("Sarmiento JM", "a plea for resection", "J Am Coll Surg", 2003, "197", "29-37", "12831921",
        "10.1016/S1072-7515(03)00230-8"),
    3: ("Que FG", "Hepatic resection", "Am J Surg", 1995, "169", "36-42; discussion 42-43", "7817996",
        "10.1016/S0002-9610(99)80107-X"),
    4: ("Que FG", "Hepatic surgery", "Adv Exp Med Biol", 2006, "574", "43-56", "16836240", "10.1007/0-387-29512-7_7"),
    6: ("Rinke A", "effect of octreotide LAR", "J Clin Oncol", 2009, "27", "4656-4663", "19704057",
        "10.1200/JCO.2009.22.8510"),
    7: ("Grazi GL", "aggressive policy", "Hepatogastroenterology", 2000, "47", "481-486", "10791218", ""),
    9: ("Gedaly R", "analysis of the UNOS database", "Arch Surg", 2011, "146", "953-958", "21844436",
        "10.1001/archsurg.2011.186"),
    10: ("Le Treut YP", "trends in patient selection: a 213-case", "Ann Surg", 2013, "257", "807-815", "23532105",
         "10.1097/SLA.0b013e31828ee17c"),
    13: ("Mayo SC", "role of liver-directed and systemic", "J Am Coll Surg", 2013, "216", "123-134", "23063263",
         "10.1016/j.jamcollsurg.2012.08.027"),
    16: ("Søreide O", "advanced abdominal carcinoid", "Surgery", 1992, "111", "48-54", "1728075", ""),
    19: ("Yao KA", "hepatic chemoembolization", "Surgery", 2001, "130", "677-682; discussion 682-685", "11602899",
         "10.1067/msy.2001.117377"),
    21: ("Mayo SC", "neuroendocrine liver metastasis: a multicenter", "Ann Surg Oncol", 2011, "18", "3657-3665",
         "21681380", "10.1245/s10434-011-1832-y"),
    23: ("Mayo SC", "emerging therapies", "Ann Surg Oncol", 2011, "18 Suppl 3",
         "S220-S221; author reply S222-S223", "20848222", "10.1245/s10434-010-1343-2"),
    26: ("Glazer ES", "Long-term survival", "HPB (Oxford)", 2010, "12", "427-433", "20662794",
         "10.1111/j.1477-2574.2010.00198.x"),
    32: ("Touzios JG", "does aggressive management improve survival?", "Ann Surg", 2005, "241",
         "776-783; discussion 783-785", "15849513", "10.1097/01.sla.0000161981.58631.ab"),
    36: ("Lehnert T", "analysis of 103 patients", "Transplantation", 1998, "66", "1307-1312", "9846513",
         "10.1097/00007890-199811270-00007"),
    40: ("Mazzaferro V", "how to select patients", "J Hepatol", 2007, "47", "460-466", "17697723",
         "10.1016/j.jhep.2007.07.004"),
    57: ("Gravante G", "Hepatic microwave ablation", "Liver Int", 2008, "28", "911-921", "18564212",
         "10.1111/j.1478-3231.2008.01810.x"),
    59: ("Dong XD", "follow-up in 123 patients", "Med Oncol", 2011, "28 Suppl 1", "S286-S290", "21107755",
         "10.1007/s12032-010-9750-6"),
    64: ("Ho AS", "chemoembolization and embolization", "AJR Am J Roentgenol", 2007, "188", "1201-1207", "17449759",
         "10.2214/AJR.06.0933"),
    73: ("Christante D", "despite octreotide therapy", "Surgery", 2008, "144", "885-893; discussion 893-894",
         "19040993", ""),
    85: ("Lewis MA", "Treatment of neuroendocrine tumor liver", "Int J Hepatol", 2012, "2012", "973946", "23227348",
         "10.1155/2012/973946"),
    91: ("Delaunoit T", "well-differentiated pancreatic", "Eur J Cancer", 2004, "40", "515-520", "14962717",
         "10.1016/j.ejca.2003.09.035"),
    101: ("Bruska M", "trigeminal motor nucleus", "Folia Morphol (Warsz)", 1991, "50", "119-125", "1844584",
          "10.1200/JCO.2007.15.2553"),
    105: ("Nayak TK", "pretreatment-mediated receptor uptake, up-regulation", "Nucl Med Biol", 2008, "35", "673-678",
          "18678352", "10.1016/j.nucmedbio.2008.05.003"),
    108: ("Yao JC", "Molecular targeted therapy", "Hematol Oncol Clin North Am", 2007, "21", "575-581; x", "17548041",
          "10.1016/j.hoc.2007.04.001"),
    109: ("Raymond E", "Sunitinib malate", "N Engl J Med", 2011, "364", "501-513", "21306237",
          "10.1056/NEJMoa1003825"),
    112: ("Yao JC", "Everolimus for advanced", "N Engl J Med", 2011, "364", "514-523", "21306238",
          "10.1056/NEJMoa1009290"),
}  # fmt: skip


@pytest.mark.parametrize("number", REFERENCE_CHECKS)
def test_a_reference_reads_as_in_the_review(number):
    author, words, journal, year, volume, pages, pmid, doi = REFERENCE_CHECKS[number]
    row = REFERENCES[number]
    assert row["authors"].split(", ")[0] == author
    assert words in row["title"]
    assert (row["journal"], int(row["year"]), row["volume"], row["pages"]) == (journal, year, volume, pages)
    assert (row["pmid"], row["doi"]) == (pmid, doi)


@pytest.mark.parametrize(
    ("number", "count", "last"),
    [(1, 5, "Heaton N"), (10, 28, "Adam R"), (11, 21, "Pawlik TM"), (21, 24, "Pawlik TM"), (112, 17, "Öberg K")],
)
def test_no_author_is_lost(number, count, last):
    authors = REFERENCES[number]["authors"].split(", ")
    assert len(authors) == count
    assert authors[-1] == last


def test_the_broken_reference_is_flagged_and_kept_as_printed():
    assert "B3-01" in ids(REFERENCES[101]["discrepancies"])
    assert "does not belong" in REFERENCES[101]["note"]
    for number in (32, 34, 58):
        assert "B3-08" in ids(REFERENCES[number]["discrepancies"])


# Discrepancies


def test_every_item_of_the_register_is_there_once():
    wanted = [
        f"{block}-{n:02}"
        for block, last in (("B1", 27), ("B2", 35), ("B3", 11), ("B4", 8), ("B5", 8))
        for n in range(1, last + 1)
    ]
    assert list(DISCREPANCIES) == wanted
    assert len(wanted) == 89


def test_discrepancies_keep_to_their_vocabulary():
    for found, row in DISCREPANCIES.items():
        assert row["kind"] == KINDS[found[:2]], found
        assert row["status"] in ("confirmed", "shown_by_review", "suspected", "between_sources"), found
        assert (row["status"] == "between_sources") == (row["kind"] == "sources"), found
        for column in ("printed", "problem", "evidence", "locator"):
            assert row[column], (found, column)
        assert 1 <= len(re.findall(r"[.?](?= [A-Z\d]|$)", row["problem"])) <= 3, found


def test_a_locator_names_a_page_only_where_the_text_has_one():
    for found, row in DISCREPANCIES.items():
        pages = set(re.findall(r"p\. (\d+)", row["locator"]))
        assert pages <= {"14354", "14355", "14358"}, found
        assert ("References, p." in row["locator"]) == bool(pages - {"14354"}), found


def test_suspected_errors_offer_no_corrected_value():
    assert {found for found, row in DISCREPANCIES.items() if row["status"] == "suspected"} == {
        "B1-21",
        "B1-25",
        "B2-32",
        "B2-33",
        "B2-34",
        "B2-35",
        "B4-04",
    }
    for found, row in DISCREPANCIES.items():
        assert row["status"] != "suspected" or not row["corrected"], found


def test_what_is_confirmed_says_by_what():
    for found, row in DISCREPANCIES.items():
        if row["status"] == "confirmed" and not row["pmid"]:
            assert re.search(r"Pitt|Lewis 2011|Bhagat", row["evidence"]), found


def test_identifiers_of_the_evidence_are_those_of_one_paper():
    doi = {row["pmid"]: row["doi"] for row in REFERENCES.values()}
    for found, row in DISCREPANCIES.items():
        if row["pmid"] in doi:
            assert row["doi"] == doi[row["pmid"]], found
        for number in re.findall(r"reference (\d+)", row["evidence"], re.I):
            assert 1 <= int(number) <= 112, found


@pytest.mark.parametrize(
    ("found", "status", "words"),
    [
        ("B1-01", "confirmed", "5.5 months beside sunitinib, 4.6 beside everolimus"),
        ("B1-02", "confirmed", "14.3 against 6.0"),
        ("B1-03", "confirmed", "chemoembolization 25.5, embolization 25.7"),
        ("B1-04", "confirmed", "carcinoid 33.8, islet cell 23.2"),
        ("B1-05", "confirmed", "n = 89"),
        ("B1-06", "confirmed", "median follow-up 13.5"),
        ("B1-07", "confirmed", "embolization 24 ± 15.8"),
        ("B1-09", "confirmed", "range 6 to 40"),
        ("B1-10", "confirmed", "74 patients by subtraction"),
        ("B1-11", "confirmed", "1,273 ± 185 days"),
        ("B1-12", "confirmed", "39.6 months"),
        ("B1-15", "confirmed", "n = 19"),
        ("B1-18", "confirmed", "7 of 13 (54 %)"),
        ("B1-19", "confirmed", "770 against 1,571 days"),
        ("B1-22", "confirmed", "22 to 49"),
        ("B1-24", "confirmed", "75"),
        ("B1-27", "confirmed", "diagnosis of liver metastases"),
        ("B2-31", "confirmed", "97 %"),
        ("B4-05", "shown_by_review", "83 % at 3 years"),
        ("B4-06", "shown_by_review", "92 % at 4 years"),
    ],
)
def test_a_discrepancy_gives_the_value_of_the_register(found, status, words):
    assert DISCREPANCIES[found]["status"] == status
    assert words in DISCREPANCIES[found]["corrected"]


# Claims


def test_claims_keep_to_their_vocabulary():
    for claim, row in CLAIMS.items():
        assert re.fullmatch(r"c-[a-z0-9]+(-[a-z0-9]+)*", claim)
        assert row["section"] in SECTIONS, claim
        assert row["therapy"] in THERAPIES, claim
        assert row["endpoint"] in ENDPOINTS, claim
        assert row["statistic"] in ("rate", "median", "mean", "range", "unclear"), claim
        assert row["qualifier"] in QUALIFIERS, claim
        assert row["harm"] in ("yes", "no"), claim
        assert row["population"], claim
        assert row["locator"].startswith(row["section"]), claim


def test_claims_stand_in_the_order_of_the_review():
    order = [SECTIONS.index(row["section"]) for row in CLAIMS.values()]
    assert order == sorted(order)
    assert len(CLAIMS) >= 100
    assert {row["section"] for row in CLAIMS.values()} == set(SECTIONS) - {"Conclusion"}  # which prints no outcome


def test_every_claim_has_a_figure_or_is_only_reported():
    for claim, row in CLAIMS.items():
        if row["qualifier"] == "reported":
            assert row["low"] == row["high"] == row["unit"] == "", claim
            assert "no figure" in row["locator"], claim
        else:
            assert 0 <= float(row["low"]) <= float(row["high"]), claim
            assert row["unit"] in ("percent", "months", "days", "patients", "studies", "cm"), claim
            if row["unit"] == "percent":
                assert float(row["high"]) <= 100, claim
        if row["horizon_months"]:
            assert float(row["horizon_months"]) > 0, claim
            assert row["unit"] == "percent", claim


def test_every_citation_of_a_claim_exists():
    for claim, row in CLAIMS.items():
        numbers = [int(n) for n in row["citations"].split(";") if n]
        assert set(numbers) <= set(REFERENCES), claim
        assert numbers == sorted(set(numbers)), claim


def test_only_the_last_page_of_text_can_be_named():
    for claim, row in CLAIMS.items():
        assert (row["locator"].find("p. 14354") > 0) == (row["therapy"] in ("prrt", "mibg", "targeted")) or (
            "placebo-pfs" in claim
        ), claim


def test_harms_are_there():
    harms = {claim for claim, row in CLAIMS.items() if row["harm"] == "yes"}
    assert harms >= {
        "c-letreut-mortality",
        "c-letreut-exenteration",
        "c-resection-mortality-intro",
        "c-saxena-mortality",
        "c-saxena-morbidity",
        "c-deb-bilomas",
        "c-re-pneumonitis",
        "c-re-gastritis",
        "c-prrt-marrow",
        "c-prrt-kidney",
        "c-prrt-gastrointestinal",
        "c-chemotherapy-hepatic-toxicity",
        "c-procedure-carcinoid",
        "c-targeted-stomatitis",
    }
    assert {CLAIMS[c]["endpoint"] for c in harms} == {"mortality", "morbidity", "toxicity"}
    for claim, row in CLAIMS.items():
        assert (row["endpoint"] in ("mortality", "morbidity", "toxicity")) == (row["harm"] == "yes"), claim


# claim: endpoint, horizon, low, high, unit, qualifier, citations, as the text of the review has them
CLAIM_CHECKS = {
    "c-metastatic-at-discovery-abstract": ("frequency", "", 40, 80, "percent", "exact", ""),
    "c-bone-involved": ("frequency", "", 12, 20, "percent", "exact", "1;2;3;4"),
    "c-untreated-os60-intro": ("overall_survival", "60", 30, 30, "percent", "about", ""),
    "c-chemotherapy-prolongs": ("other", "", 12, 24, "months", "exact", ""),
    "c-resection-symptoms-intro": ("symptom_response", "", 90, 90, "percent", "more_than", "7;8"),
    "c-transplantation-os60-intro": ("overall_survival", "60", 60, 80, "percent", "up_to", "9;10"),
    "c-soreide-resected-osmedian": ("overall_survival", "", 216, 216, "months", "exact", "16"),
    "c-soreide-unresected-osmedian": ("overall_survival", "", 48, 48, "months", "exact", "16"),
    "c-curative-possible": ("frequency", "", 10, 25, "percent", "exact", ""),
    "c-mayo-r0": ("r0_resection", "", 53.7, 53.7, "percent", "exact", "11"),
    "c-mayo-r1": ("r1_resection", "", 33, 33, "percent", "about", "11"),
    "c-saxena-r0": ("r0_resection", "", 63, 63, "percent", "exact", "14"),
    "c-saxena-patients": ("other", "", 1469, 1469, "patients", "exact", "14"),
    "c-saxena-pfs": ("progression_free_survival", "", 21, 21, "months", "exact", "14"),
    "c-saxena-dfs120": ("disease_free_survival", "120", 1, 1, "percent", "exact", "14"),
    "c-cytoreduction-symptoms": ("symptom_response", "", 95, 95, "percent", "exact", ""),
    "c-que-dfs": ("disease_free_survival", "", 15, 15, "percent", "exact", "4"),
    "c-mayo-resection-osmedian": ("overall_survival", "", 123, 123, "months", "exact", "21"),
    "c-mayo-arterial-os60": ("overall_survival", "60", 30, 30, "percent", "exact", "21"),
    "c-mayo-resection-os120": ("overall_survival", "120", 51, 51, "percent", "exact", "21"),
    "c-saxena-os60": ("overall_survival", "60", 70.5, 70.5, "percent", "exact", "24"),
    "c-saxena-os120": ("overall_survival", "120", 42, 42, "percent", "exact", "24"),
    "c-glazer-repeat-surgery": ("other", "", 60, 60, "patients", "exact", "23;26"),
    "c-ablation-with-resection": ("frequency", "", 20, 20, "percent", "at_least", "34"),
    "c-osborne-ablation-os60": ("overall_survival", "60", 35, 35, "percent", "exact", "20"),
    "c-elias-os36": ("overall_survival", "36", 84, 84, "percent", "exact", "33"),
    "c-elias-dfs36": ("disease_free_survival", "", 50, 50, "percent", "exact", "33"),
    "c-letreut-mortality": ("mortality", "3", 10, 10, "percent", "exact", "10"),
    "c-letreut-os60-since-2000": ("overall_survival", "60", 59, 59, "percent", "exact", "10"),
    "c-untreated-osmedian-lt": ("overall_survival", "", 39, 39, "months", "exact", ""),
    "c-milan-rfs60-without": ("recurrence_free_survival", "60", 50, 50, "percent", "less_than", "41"),
    "c-letreut-os60-diagnosis": ("overall_survival", "60", 73, 73, "percent", "exact", ""),
    "c-unos-wait": ("wait_time", "", 60, 60, "days", "about", "9"),
    "c-nguyen-os60-premeld": ("overall_survival", "60", 49.2, 49.2, "percent", "exact", "39"),
    "c-nguyen-os60-meld": ("overall_survival", "60", 57.8, 57.8, "percent", "exact", "39"),
    "c-nguyen-os-nonmalignant": ("overall_survival", "", 73.7, 73.7, "percent", "exact", "39"),
    "c-taner-os120": ("overall_survival", "120", 59, 59, "percent", "exact", "34"),
    "c-gravante-radius": ("other", "", 6, 6, "cm", "up_to", "57"),
    "c-touzios-tae": ("time_to_progression", "", 25.5, 25.5, "months", "exact", "32"),
    "c-touzios-tace": ("time_to_progression", "", 25.7, 25.7, "months", "exact", "32"),
    "c-re-osmedian": ("overall_survival", "", 36, 70, "months", "exact", "58;60;61"),
    "c-octreotide-symptoms": ("symptom_response", "", 85, 85, "percent", "about", "81"),
    "c-octreotide-biochemical": ("biochemical_response", "", 70, 70, "percent", "exact", "81"),
    "c-promid-octreotide": ("overall_survival", "", 14.3, 14.3, "months", "exact", "6;83;84;85"),
    "c-chemotherapy-pfs": (
        "progression_free_survival", "", 4, 22, "months", "exact", "86;87;88;89;90;91;92;93;94;95;96;97;98",
    ),
    "c-captem-pfs18": ("progression_free_survival", "18", 70, 70, "percent", "exact", "90"),
    "c-platinum-os24": ("overall_survival", "24", 20, 30, "percent", "exact", "89"),
    "c-prrt-ttp": ("time_to_progression", "", 40, 40, "months", "exact", "99;100;101;102;103;104;105;106"),
    "c-sunitinib-placebo-pfs": ("progression_free_survival", "", 4.6, 4.6, "months", "exact", ""),
    "c-everolimus-placebo-pfs": ("progression_free_survival", "", 5.5, 5.5, "months", "exact", ""),
}  # fmt: skip


@pytest.mark.parametrize("claim", CLAIM_CHECKS)
def test_a_claim_reads_as_in_the_review(claim):
    endpoint, horizon, low, high, unit, qualifier, citations = CLAIM_CHECKS[claim]
    row = CLAIMS[claim]
    assert (row["endpoint"], row["horizon_months"], row["unit"]) == (endpoint, horizon, unit)
    assert (float(row["low"]), float(row["high"])) == (low, high)
    assert (row["qualifier"], row["citations"]) == (qualifier, citations)


@pytest.mark.parametrize(
    ("discrepancy", "claims"),
    [
        ("B1-01", {"c-sunitinib-pfs", "c-everolimus-pfs", "c-sunitinib-placebo-pfs", "c-everolimus-placebo-pfs"}),
        ("B1-02", {"c-promid-octreotide", "c-promid-placebo"}),
        ("B1-03", {"c-touzios-tae", "c-touzios-tace"}),
        ("B2-02", {"c-resection-os-intro", "c-resection-os-surgery"}),
        ("B2-25", {"c-saxena-os60", "c-saxena-os120"}),
        ("B2-26", {"c-milan-rfs60", "c-milan-rfs60-without"}),
    ],
)
def test_a_discrepancy_is_carried_by_all_its_claims(discrepancy, claims):
    assert {claim for claim, row in CLAIMS.items() if discrepancy in ids(row["discrepancies"])} == claims


def test_a_corrected_claim_exists_carries_the_discrepancy_and_is_confirmed():
    for fix in rows("corrections"):
        if fix["table"] != "claims":
            continue
        row = CLAIMS[fix["id"]]
        assert fix["column"] in row
        assert row[fix["column"]] != fix["corrected"], fix
        assert fix["discrepancy_id"] in ids(row["discrepancies"]), fix
        assert DISCREPANCIES[fix["discrepancy_id"]]["status"] == "confirmed", fix


def test_a_claim_that_a_source_adds_stands_right_after_its_other_half():
    found = list(CLAIMS)
    place = found.index("c-olausson-rfs60")
    assert found[place - 1] == "c-olausson-os60"
    row = CLAIMS["c-olausson-rfs60"]
    figure = (row["endpoint"], row["statistic"], row["horizon_months"], row["low"], row["high"], row["qualifier"])
    assert figure == ("recurrence_free_survival", "rate", "60", "20", "20", "about")
    assert row["source"] == "olausson-2007"
    assert {row["source"] for claim, row in CLAIMS.items() if claim != "c-olausson-rfs60"} == {"review"}


def test_a_figure_that_the_trial_does_not_report_is_missing_in_the_corrected_reading_only():
    import netdash as nd

    printed, corrected = (nd.claims(reading).set_index("claim_id").loc["c-deb-symptoms"] for reading in READINGS)
    assert (printed["low"], printed["high"], printed["horizon_months"], printed["citations"]) == (90, 90, 6, "13")
    assert corrected[["low", "high", "horizon_months"]].isna().all()
    assert "Bhagat 2013, has no such figure" in corrected["population"]
    assert (corrected["unit"], corrected["qualifier"], corrected["citations"]) == ("", "", "")


def test_a_time_that_the_sentence_does_not_state_is_empty():
    row = CLAIMS["c-elias-dfs36"]
    assert row["horizon_months"] == ""
    assert "time not stated" in row["population"]


# Sources and later outcomes


def test_the_later_sources_are_listed():
    assert set(SOURCES) >= {
        "mazzaferro-2007-page", "ruzzenente-2019", "citterio-2023", "mazzaferro-2016", "maspero-2022", "le-treut-2008",
        "gedaly-2011", "jcm-2023", "scott-2019", "who-2019", "prrt-label", "netter-1", "clarinet", "promid",
        "promid-long-term", "radiant-3", "radiant-4", "sunitinib-2011", "e2211", "memon-2012", "sofocleous-2014",
        "bacchetti-2013", "ahmed-2009", "akyildiz-2010", "mazzaglia-2007",
    }  # fmt: skip
    for source, row in SOURCES.items():
        assert row["name"], source
        assert row["read_in"], source
        assert row["secondary"] in ("yes", "no"), source
    assert {s for s, row in SOURCES.items() if row["secondary"] == "yes"} >= {"mazzaferro-2007-page", "scott-2019"}


def test_a_source_that_the_review_cites_has_the_identifiers_of_that_reference():
    known = {row["pmid"]: row for row in REFERENCES.values()}
    shared = [row for row in SOURCES.values() if row["pmid"] in known]
    assert len(shared) >= 9
    for row in shared:
        assert row["doi"] == known[row["pmid"]]["doi"], row
        assert row["year"] == known[row["pmid"]]["year"], row


def test_later_outcomes_keep_to_their_vocabulary():
    for outcome, row in LATER.items():
        assert outcome.startswith("l-")
        assert row["source"] in SOURCES, outcome
        assert row["therapy"] in THERAPIES, outcome
        assert row["endpoint"] in ENDPOINTS, outcome
        assert row["arm"], outcome
        assert row["population"], outcome
        assert row["locator"], outcome
        assert (
            row["unit"]
            == {
                "rate": "percent",
                "median": "months",
                "hazard_ratio": "ratio",
                "relative_risk": "ratio",
                "p_value": "p",
                "unclear": "months" if row["value"] else "none",
            }[row["statistic"]]
        ), outcome
        assert bool(row["comparator"]) == (row["statistic"] in ("hazard_ratio", "relative_risk", "p_value")), outcome
        assert bool(row["horizon_months"]) == (row["statistic"] == "rate"), outcome


def test_later_figures_are_possible():
    for outcome, row in LATER.items():
        assert bool(row["low"]) or not row["high"], outcome
        if row["low"]:
            assert float(row["low"]) <= float(row["value"]) <= float(row["high"] or "inf"), outcome
            assert row["high"] or "upper bound was not reached" in row["note"], outcome
            assert row["level"] or "level of the interval is not stated" in row["note"], outcome
        if row["unit"] == "percent":
            assert 0 <= float(row["value"]) <= 100, outcome
        if row["unit"] == "none":
            assert "no figure" in row["note"], outcome
        assert (SOURCES[row["source"]]["secondary"] == "yes") == (row["how_read"] == "secondary"), outcome


def test_maspero_says_how_the_patients_were_studied():
    found = [row for row in LATER.values() if row["source"] == "maspero-2022"]
    assert len(found) == 4
    assert all(row["note"].endswith("Retrospective, one center, 1984 to 2019.") for row in found)


def test_prognostic_findings_say_that_they_are_no_criterion():
    sources = "le-treut-2008 gedaly-2011 memon-2012 sofocleous-2014 ahmed-2009 akyildiz-2010 mazzaglia-2007".split()
    found = [row for row in LATER.values() if row["source"] in sources]
    assert {row["source"] for row in found} == set(sources)
    assert all(row["note"].startswith("Prognostic, never a criterion.") for row in found)


@pytest.mark.parametrize(
    ("source", "endpoint", "statistic", "horizon", "value", "n"),
    [
        ("mazzaferro-2016", "overall_survival", "rate", "60", 97.2, "42"),
        ("mazzaferro-2016", "overall_survival", "rate", "120", 88.8, "42"),
        ("mazzaferro-2016", "overall_survival", "rate", "60", 50.9, "46"),
        ("mazzaferro-2016", "overall_survival", "rate", "120", 22.4, "46"),
        ("maspero-2022", "overall_survival", "rate", "120", 93, "48"),
        ("maspero-2022", "overall_survival", "rate", "120", 75, "56"),
        ("maspero-2022", "disease_free_survival", "rate", "120", 52, "48"),
        ("maspero-2022", "disease_free_survival", "rate", "120", 18, "56"),
        ("ruzzenente-2019", "overall_survival", "rate", "60", 83, "28"),
        ("le-treut-2008", "overall_survival", "relative_risk", "", 3.72, ""),
        ("le-treut-2008", "overall_survival", "relative_risk", "", 2.94, ""),
        ("le-treut-2008", "overall_survival", "relative_risk", "", 2.63, ""),
        ("le-treut-2008", "overall_survival", "rate", "60", 12, "23"),
        ("le-treut-2008", "overall_survival", "rate", "60", 68, "55"),
        ("gedaly-2011", "overall_survival", "p_value", "", 0.005, ""),
        ("scott-2019", "overall_survival", "median", "", 134.3, ""),
        ("scott-2019", "overall_survival", "median", "", 37.6, ""),
        ("promid", "time_to_progression", "median", "", 14.3, ""),
        ("promid", "time_to_progression", "median", "", 6.0, ""),
        ("promid-long-term", "overall_survival", "median", "", 84.7, ""),
        ("promid-long-term", "overall_survival", "median", "", 83.7, ""),
        ("sofocleous-2014", "overall_survival", "unclear", "", 8.5, ""),
        ("bacchetti-2013", "overall_survival", "hazard_ratio", "", 0.34, ""),
        ("bacchetti-2013", "overall_survival", "hazard_ratio", "", 0.45, ""),
    ],
)
def test_a_later_outcome_is_the_one_that_was_read(source, endpoint, statistic, horizon, value, n):
    found = [
        row
        for row in LATER.values()
        if (row["source"], row["endpoint"], row["statistic"], row["horizon_months"], row["n"])
        == (source, endpoint, statistic, horizon, n)
        and row["value"]
        and float(row["value"]) == value
    ]
    assert len(found) == 1
