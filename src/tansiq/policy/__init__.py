"""What the law and the originator allow, as pure functions over plain values and data.

Invariant: nothing here reads a clock, a file outside the package, a socket or a database; time is an argument.
A rule answers with codes; the sentences for people stand in ``texts/`` in four languages.

    codes       the code lists of the field, as data (codes/*.toml)
    plain       records as plain values of CBOR, and back
    values      texts with a language, incomplete dates, a person's word
    subjects    whom or what it is about      conditions  what the originator demands
    enquiry     what is asked, on what basis  answer      items, answers, refusals, the question of what comes in
    correspondence  what is said between request and answer, and after
    course      the states of an enquiry and its clock (course.toml)
    languages   whether the desk that gets it reads it
    rules       the requirements as tables    faults      what a check finds
    law         the checks of every channel
    law_between the checks of the correspondence
    deadlines   when an answer is due (deadlines.toml)
    handling    one decision for every use of an item (handling.toml)
    notice      a notice and the words about it         notice_law  its checks (notice_needs.toml)
    notice_course  where a notice stands (notice_course.toml)  notice_public  the shape of the public service
    ways        which desks a matter passes on each channel, and who reads it there (ways.toml)

    channel_matter      what the choice of a channel looks at        channel_values    what a judgement says
    channel_rules       the rules as data (channels.toml)            channel_reading   rules from a file, each mistake with its line
    channel_advice      the judgement on the four channels           channel_facts     from a matter to what rules ask for
    channel_index       rules found by what they ask for             channel_lines     where something stands in a file
    channel_compare     two sides' rules beside each other           channel_situations  by which they are compared
    channel_showing     what a person reads of it
"""
