"""The records of case studies, and the door by which other packages come in."""

from forum.case_studies.models import listing
from forum.case_studies.models.helped import HelpedBy
from forum.case_studies.models.studies import CaseStudy, StudyRevision
from forum.case_studies.models.trials import Trial

__all__ = ["CaseStudy", "HelpedBy", "StudyRevision", "Trial", "listing"]
