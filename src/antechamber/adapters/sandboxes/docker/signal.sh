# Ends what one execution started: whatever descends from the process that has no parent here and carries the mark.
# Builtins of the shell alone: an image may hold nothing else. $0 is the mark.
exec 2>/dev/null
parent_of() {
    parent=
    while read -r key value; do
        if [ "$key" = PPid: ]; then
            parent=$value
            return
        fi
    done <"/proc/$1/status"
}
is_marked() {
    while read -r line || [ -n "$line" ]; do
        case $line in *"ANTECHAMBER_PROCESS=$0"*) return 0 ;; esac
        line=
    done <"/proc/$1/environ"
    return 1
}
scan() {
    all=
    for folder in /proc/[0-9]*; do
        parent_of "${folder#/proc/}"
        all="$all ${folder#/proc/}:$parent"
    done
}
descend() {
    found=" $top "
    grew=yes
    while [ -n "$grew" ]; do
        grew=
        for pair in $all; do
            case $found in *" ${pair%:*} "*) continue ;; esac
            case $found in *" ${pair#*:} "*) found="$found${pair%:*} " grew=yes ;; esac
        done
    done
}
scan
top=
for pair in $all; do
    [ "${pair#*:}" = 0 ] && is_marked "${pair%:*}" && top=${pair%:*}
done
[ -n "$top" ] || exit 0
if [ "$1" != 9 ]; then
    kill "-$1" "$top"
    exit
fi
while descend && [ "$found" != " $top " ]; do
    for number in STOP KILL; do
        for process in $found; do
            [ "$process" = "$top" ] || kill "-$number" "$process"
        done
    done
    scan
done
kill -KILL "$top"
