#!/usr/bin/env bash
# Stands before psql while documents are proved: a database that the inventory declares is mapped to the scratch
# one, and any other is refused, so that a block can neither be wrong about it nor reach anybody's events.
# BENCH_PSQL is the program; BENCH_PGHOST, BENCH_PGPORT and so on lead to the scratch database; what a block does not
# name is what psql would take, so it must name the database: BENCH_PLACES, BENCH_DATABASES, BENCH_USERS what is declared, each between blanks.
set -u
host=${PGHOST:-${PGHOSTADDR:-localhost}} port=${PGPORT:-5432} database=${PGDATABASE-} user=${PGUSER-}
kept=() names=()

refuse() {
    printf 'psql: error: %s\n' "$1" >&2
    exit 2
}

url() {
    local rest=${1#*://} place
    rest=${rest%%\?*}
    place=${rest%%/*}
    [ "$place" = "$rest" ] || database=${rest#*/}
    case $place in *@*) user=${place%%@*} user=${user%%:*} place=${place##*@} ;; esac
    [ -z "${place%%:*}" ] || host=${place%%:*}
    case $place in *:*) port=${place##*:} ;; esac
}

name_or_url() {
    local word
    case $1 in
        postgres://* | postgresql://*) url "$1" ;;
        *=*)
            for word in $1; do
                case $word in
                    host=* | hostaddr=*) host=${word#*=} ;;
                    port=*) port=${word#*=} ;;
                    dbname=*) database=${word#*=} ;;
                    user=*) user=${word#*=} ;;
                esac
            done
            ;;
        *) database=$1 ;;
    esac
}

take() {
    # One option of a connection.
    case $1 in
        h | host) host=$2 ;;
        p | port) port=$2 ;;
        U | username) user=$2 ;;
        d | dbname) name_or_url "$2" ;;
    esac
}

while [ $# -gt 0 ]; do
    case $1 in
        --) shift && names+=("$@") && break ;;
        --host=* | --port=* | --username=* | --dbname=*) option=${1#--} && take "${option%%=*}" "${option#*=}" ;;
        --host | --port | --username | --dbname) take "${1#--}" "${2-}" && shift ;;
        --command | --file | --variable | --set | --output | --field-separator | --log-file | --pset | --record-separator | --table-attr)
            kept+=("$1" "${2-}") && shift
            ;;
        --*) kept+=("$1") ;;
        -?*)
            letters=${1#-} flags=''
            while [ -n "$letters" ]; do
                letter=${letters:0:1} letters=${letters:1}
                case $letter in
                    [hpUdcfvoFLPRT])
                        [ -n "$letters" ] || { letters=${2-} && [ $# -gt 1 ] && shift; }
                        case $letter in [hpUd]) take "$letter" "$letters" ;; *) kept+=("-$letter" "$letters") ;; esac
                        letters=''
                        ;;
                    *) flags=$flags$letter ;;
                esac
                # In the order in which they were given: -c and -f are.
                [ -z "$flags" ] || { kept=(${kept[@]+"${kept[@]}"} "-$flags") && flags=''; }
            done
            ;;
        *) names+=("$1") ;;
    esac
    shift
done
[ "${#names[@]}" -lt 1 ] || name_or_url "${names[0]}"
[ "${#names[@]}" -lt 2 ] || user=${names[1]}

case " $BENCH_PGHOST:$BENCH_PGPORT $BENCH_PLACES " in *" $host:$port "*) ;; *) refuse "no machine of the inventory has its database at $host:$port" ;; esac
case " $BENCH_PGDATABASE $BENCH_DATABASES " in *" ${database:-${user:-$(id -un)}} "*) ;; *) refuse "the inventory knows no database \"${database:-${user:-$(id -un)}}\"" ;; esac
case " $BENCH_PGUSER $BENCH_USERS " in *" ${user:-$(id -un)} "*) ;; *) refuse "the inventory knows no database user \"${user:-$(id -un)}\"" ;; esac
unset PGHOSTADDR PGSERVICE PGPASSFILE
for name in ${!BENCH_PG@}; do export "${name#BENCH_}=${!name}"; done
exec "$BENCH_PSQL" ${kept[@]+"${kept[@]}"}
