#!/usr/bin/awk -f
# From what `tests/planted.sh --table` has found, and the list of faults: the rows of docs/planted-faults.md.
FILENAME ~ /found$/ {
    split($0, part, ": ")
    fault = part[1]; check = part[2]; rest = part[3]
    lines = rest; sub(/ .*/, "", lines)
    if (check == "records") records[fault] = lines
    else if (check == "raw") { raw[fault] = lines; why = rest; if (match(why, /`[a-z-]+`/)) raw_why[fault] = substr(why, RSTART, RLENGTH) }
    else if (check !~ /NOT FOUND|FAILED TO RUN/) models[fault] = models[fault] (models[fault] == "" ? "" : ", ") check " (" lines ")"
    next
}
/^        [A-Z][A-Za-z0-9]* "/ {
    split($0, part, "\"")
    name = part[2]; about = part[4]
    if (!begun++) { print "| fault | what is wrong | raw | models | records |"; print "| --- | --- | --- | --- | --- |" }
    seen = (name in raw) ? ((name in raw_why) ? raw_why[name] " (" raw[name] ")" : "yes (" raw[name] ")") : ""
    print "| `" name "` | " about " | " seen " | " models[name] " | " records[name] " |"
}
