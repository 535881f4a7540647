"""What members write about an article or a site, and what is answered.

It is checked like objections to public notices are, and goes another way then: whatever the check does not
pass waits for a person, and its pictures wait apart from its words.
"""
