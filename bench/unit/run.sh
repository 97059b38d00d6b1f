#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs of clconv-bench from the command line to its files. No test here fails for slowness. Arguments:
# clconv-bench, schema_check and the schema.
set -u
conform=$1 schema_check=$2 schema=$3
# shellcheck source=conformance/unit/lib.sh
. "$(dirname "$0")/../../conformance/unit/lib.sh"

keeps_schema() { # keeps_schema DOCUMENT
    "$schema_check" "$schema" "$1" 2>errors || wrong "$1 breaks its schema"
}
column() { # column NUMBER FILE: of a CSV whose fields have no commas
    cut -d, -f"$1" "$2" | tail -n +2
}
same() { # same WHAT GOT WANTED
    [ "$2" = "$3" ] || wrong "$1: '$2' is not '$3'"
}

# ---- A suite: every row measured, verified and in both files ----------------------------------
"$conform" --suite quick --min-time 0.01 --max-time 0.02 --json quick.json --csv quick.csv >out 2>errors
case $? in
    0) ;;
    77) exit 77 ;;
    *) wrong "--suite quick is not good" ;;
esac
keeps_schema quick.json
same "columns" "$(head -n 1 quick.csv)" "model,layer,case,algo,device,threads,median_ms,min_ms,mad_ms,\
gflops,gbps,roof_pct,status,verified"
same "cases" "$(column 3 quick.csv | tr '\n' ' ')" "c64h28w30k64rs3p1g64 c32h27w25k32rs5st2p2g32 \
c64h14w17k64rs3p1g8 c48h15w13k60g3 c16h21w19k24rs3p2d2 c16h28w26k64rs3p1:shared "
same "layers" "$(column 2 quick.csv | head -n 1)" "depthwise 3x3"
same "verified" "$(column 14 quick.csv | sort -u)" yes
column 13 quick.csv | grep -qvE '^(OK|NOISY|THROTTLED)$' && wrong "a row of the suite has no number"
for field in 7 8 9 10 11 12; do
    column $field quick.csv | grep -qvE '^[0-9.e+-]+$' && wrong "column $field has no number"
done
[ -s errors ] && wrong "a pipe gets progress"
grep -q "$(printf '\r')" out && wrong "the table of a pipe has a terminal's characters"
grep -q '^6 rows:' out || wrong "there is no summary"

# ---- Algorithms, batches, rivals: who measures what, in which order ---------------------------
rivals=naive
for rival in clblast onednn-any onednn-plain onednn-e2e; do # those this program was built with
    "$conform" --list --case c1hw1k1 --rivals $rival >out 2>errors && rivals=$rivals,$rival
done
run 0 --case c4hw9k6rs3p1g2:seed=7 --case c3h8w7k6rs3p1:shared --batch 1,2 --algo auto,naive \
    --rivals "$rivals" --min-time 0.001 --max-time 0.002 --json all.json --csv all.csv -v
keeps_schema all.json
same "cases" "$(column 3 all.csv | uniq | tr '\n' ' ')" "c4hw9k6rs3p1g2 n2c4hw9k6rs3p1g2 \
c3h8w7k6rs3p1:shared n2c3h8w7k6rs3p1:shared "
same "layers" "$(column 2 all.csv | uniq | tr '\n' ' ')" "c4hw9k6rs3p1g2:seed=7 c3h8w7k6rs3p1:shared "
same "algorithms" "$(column 4 all.csv | sed -n 2,3p | tr '\n' ' ')" "naive rival:naive "
same "rivals" "$(column 4 all.csv | sed -n '3,$p' | grep rival | uniq | sed -n 's/rival://p' | sort -u |
    tr '\n' ,)" "$(echo "$rivals," | tr , '\n' | sed '/^$/d' | sort -u | tr '\n' ,)"
same "verified" "$(column 14 all.csv | sort -u)" yes
same "modes" "$(sed -n 's/.*"mode": "\(.*\)",/\1/p' all.json | sort -u | tr '\n' ' ')" "conv shared "
grep -q '^    c4hw9k6rs3p1g2:algo=naive$' out || wrong "-v prints no replay line"

# ---- Directions: of a table's layers and of a case ---------------------------------------------
for direction in backward-data backward-weights; do
    run 0 --suite quick --direction $direction --rivals "$rivals" --min-time 0.001 \
        --max-time 0.002 --json d.json --csv d.csv --html d.html
    keeps_schema d.json
    same "$direction verified" "$(grep -v ,UNSUPPORTED, d.csv | cut -d, -f14 | sort -u | tr '\n' ' ')" \
        "verified yes "
    same "$direction refused" "$(grep ,UNSUPPORTED, d.csv | cut -d, -f4 | grep -v clblast)" ""
    same "$direction cases" "$(column 3 d.csv | uniq | sed 's/.*:dir=//' | sort -u)" $direction
    same "$direction in JSON" "$(sed -n 's/.*"direction": "\(.*\)",/\1/p' d.json | sort -u)" $direction
    grep -q "^direction $direction\$" out || wrong "the table does not say $direction"
    grep -q -- "--direction $direction" d.json || wrong "the command lost $direction"
    grep -q ":dir=$direction" d.html || wrong "the page lost $direction"
done
run 0 --case c4h9w8k6rs3p1g2b1:dir=backward-weights --case c3h8w7k6rs3p1 --min-time 0.001 \
    --max-time 0.002 --json d.json --csv d.csv
same "directions" "$(column 3 d.csv | tr '\n' ' ')" "c4h9w8k6rs3p1g2b1:dir=backward-weights c3h8w7k6rs3p1 "
same "verified" "$(column 14 d.csv | sort -u)" yes
same "directions in JSON" "$(sed -n 's/.*"direction": "\(.*\)",/\1/p' d.json | tr '\n' ' ')" \
    "backward-weights forward "

# ---- Types and layouts: half the bytes in 16 bits, whatever is computed ------------------------
measured() { # measured ARGUMENT...: rows of the suite, all verified; sets bytes and macs
    run 0 --suite quick "$@" --min-time 0.001 --max-time 0.002 --json t.json --csv t.csv --html t.html
    keeps_schema t.json
    same "$* verified" "$(column 14 t.csv | sort -u)" yes
    bytes=$(sed -n 's/.*"bytes": \([0-9]*\),.*/\1/p' t.json | tail -n 6 | tr '\n' ' ')
    macs=$(sed -n 's/.*"macs": \([0-9]*\),.*/\1/p' t.json | tr '\n' ' ')
}
bytes=$(sed -n 's/.*"bytes": \([0-9]*\),.*/\1/p' quick.json | tail -n 6)
half=$(for one in $bytes; do echo $((one / 2)); done | tr '\n' ' ')
all=$(sed -n 's/.*"macs": \([0-9]*\),.*/\1/p' quick.json | tr '\n' ' ')
for direction in forward backward-data backward-weights; do
    measured --direction $direction --dtype f16
    same "$direction bytes" "$bytes" "$half"
    same "$direction macs" "$macs" "$all"
done
measured --dtype bf16 --layout nhwc
same "bytes of nhwc" "$bytes" "$half"
measured --dtype i8 --layout nhwc
same "cases" "$(column 3 t.csv | sed 's/[^:]*//' | sort -u | tr '\n' ' ')" ":i8:nhwc :i8:nhwc:shared "
same "dtype in JSON" "$(sed -n 's/.*"dtype": "\(.*\)",/\1/p' t.json | sort -u)" i8
same "layout in JSON" "$(sed -n 's/.*"layout": "\(.*\)",/\1/p' t.json | sort -u)" nhwc
grep -q '^dtype     i8$' out || wrong "the table does not say the type"
grep -q '^layout    nhwc$' out || wrong "the table does not say the layout"
grep -q -- '--dtype i8 --layout nhwc' t.json || wrong "the command lost the form"
grep -q ':i8:nhwc' t.html || wrong "the page lost the form"
run 0 --case c4hw9k6rs3p1g2:f16 --case c4h9w7k6r3s2p1g2:nhwc --case c4h8w9k4rs3p1g4:nhwc --case c4h7w9k6:nhwc \
    --case c4h9w7k6r3s2g2:nhwc:dir=backward-data --case c4h9w7k6r3s2g2:nhwc:dir=backward-weights \
    --rivals "$rivals" --min-time 0.001 --max-time 0.002 --csv t.csv
same "rivals of float16" "$(grep :f16,rival t.csv | grep -v rival:naive | grep -vc ,UNSUPPORTED,no)" 0
same "oneDNN of NHWC" "$(grep "nhwc.*onednn" t.csv | grep -vcE ',(OK|NOISY|THROTTLED),yes')" 0
same "CLBlast of NHWC" "$(grep "nhwc.*clblast" t.csv | grep -vc ,UNSUPPORTED,no)" 0
same "naive of other forms" "$(grep rival:naive t.csv | cut -d, -f14 | sort -u)" yes

# ---- Too little evidence, refusals ------------------------------------------------------------
# Another image size or batch of a known layer builds no program; the rival's are not counted. Weights
# packed at each launch make another row.
run 3 --case c4h19w33k4rs3p1g4 --case n2c6h22w35k6rs3p1g6 --algo depthwise --raw --rivals naive \
    --min-time 1e-9 --max-time 1e-9 --strict --csv thin.csv --json thin.json
grep -q '^--strict: 6 of 6 rows' errors || wrong "--strict does not say why"
column 13 thin.csv | grep -qvE '^(NOISY|THROTTLED)$' && wrong "three samples are enough"
column 7 thin.csv | grep -qx '' && wrong "a NOISY row has no number"
same "algorithms" "$(column 4 thin.csv | uniq | tr '\n' ' ')" \
    "depthwise raw:depthwise rival:naive depthwise raw:depthwise rival:naive "
same "verified" "$(column 14 thin.csv | sort -u)" yes
grep -q '"programs_built": 1,' thin.json || wrong "programs_built is not 1"

run 1 --case c4hw9k6rs3p1 --algo depthwise --csv refused.csv --json refused.json
grep -q '^c4hw9k6rs3p1: no algorithm asked for does this layer here' errors ||
    wrong "a refusal is not told"
grep -q ',,,,,,UNSUPPORTED,no$' refused.csv || wrong "a refused row is not empty"
grep -q '"reason": "algorithm depthwise refuses' refused.json || wrong "the reason is missing"
keeps_schema refused.json
