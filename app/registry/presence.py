"""Who is there in a term (在籍在校), as payments ask it: SQL over any number of students and terms.

Presence is that at the school of the enrolment in the term's school year, wherever the student is
now: a graduate's is the word of the school that was left, after a transfer within the year it is
the new school's. A year has at most one enrolment that is open or ended with the graduation.
"""

JOINS = """
    LEFT JOIN LATERAL (SELECT id, school_id FROM enrolment
        WHERE student_id = asked.student_id AND school_year = asked.school_year
        AND (left_on IS NULL OR graduated) OFFSET 0) e ON true
    LEFT JOIN (SELECT DISTINCT ON (school_id, term) id, school_id, term
        FROM enrolment_confirmation ORDER BY school_id, term, made_at DESC, id DESC) newest
        ON newest.school_id = e.school_id AND newest.term = asked.term
    LEFT JOIN enrolment_absence gone
        ON gone.confirmation_id = newest.id AND gone.student_id = asked.student_id"""
"""Joins to a relation `asked` (student_id, school_year, term); the two below are its predicates.

OFFSET keeps to the key of an enrolment: those asked about are a small part of all.
"""

ABSENT = "(e.id IS NULL OR gone.student_id IS NOT NULL)"
"""Not enrolled in the year, or marked so in the newest confirmation of the school."""

UNCONFIRMED = "(e.id IS NOT NULL AND newest.id IS NULL)"
"""Enrolled at a school that has not confirmed the term yet."""
