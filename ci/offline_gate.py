#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compiles the programs that GPUs get with the vendors' offline compilers, and gates the result.

Called by ci/offline, which builds the list of programs, finds the tools and says what each option
does. Red, exit 1: a program that does not compile or link, a compiler's warning, spilled registers,
private memory ("scratch"), or a committed table of other kernels. 77: a tool is missing.
"""
import argparse
import concurrent.futures
import csv
import hashlib
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile

TABLE, PAGE = 'docs/offline.tsv', 'docs/offline.md'
# common.cl stands in front of every kernel, and not each calls all of it.
CHECKED = ('-Wall', '-Wno-unused-function')
COLUMNS = ('target', 'program', 'kernel', 'lanes', 'registers', 'local', 'spills', 'scratch',
           'code', 'source')
UNKNOWN = '-'  # a figure that the target's compiler does not tell
# Programs that the library does without where a driver says that they spill (steps.c,
# clconv_plan_check_registers). What it takes then is among the others.
ASKED_AT_RUN_TIME = ('direct_local ', 'depthwise_columns ')


class Red(Exception):
    """A compiler refused or warned."""


# ---- Tools ---------------------------------------------------------------------------------

def library(name):
    """A folder or file of a device library, fetched by ci/offline or of the system."""
    roots = (os.environ.get('CLCONV_OFFLINE_ROOT', ''), '')
    places = (root + '/usr/lib' + middle for root in roots for middle in ('/x86_64-linux-gnu', ''))
    return next((f'{p}/{name}' for p in places if os.path.exists(f'{p}/{name}')), None)


def run(*command):
    """Runs a compiler that must be silent on stderr; returns its stdout."""
    done = subprocess.run(command, capture_output=True, text=True, errors='replace', check=False)
    if done.returncode or done.stderr.strip():
        said = (done.stderr.strip() or done.stdout.strip()).splitlines() or ['(no message)']
        first = next((l for l in said if re.search('error|warning|fatal', l)), said[0])
        raise Red(f'{command[0]} (status {done.returncode}): {first}')
    return done.stdout


def version(tool):
    """What identifies a tool's output."""
    if tool == 'ocloc':  # knows its version only as a file, and not its compiler's
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([shutil.which(tool), 'query', 'OCL_DRIVER_VERSION'], cwd=folder,
                           capture_output=True, check=False)
            with open(folder + '/OCL_DRIVER_VERSION', encoding='ascii') as file:
                return 'ocloc ' + file.read().strip('\0 \n')
    said = subprocess.run([tool, '--version'], capture_output=True, text=True, check=False).stdout
    numbers = re.findall(r'V?\d+\.\d+(?:\.\d+)?', said)
    return f'{tool} {numbers[-1] if tool == "ptxas" else numbers[0]}' if numbers else tool


# ---- Formats -------------------------------------------------------------------------------

def sections(path):
    """Section name -> bytes of a 64-bit ELF file."""
    with open(path, 'rb') as file:
        data = file.read()
    start, size, count, names = (*struct.unpack_from('<Q', data, 40),
                                 *struct.unpack_from('<HHH', data, 58))
    rows = [struct.unpack_from('<IIQQQQ', data, start + i * size) for i in range(count)]
    text = lambda at: data[at:data.index(b'\0', at)].decode()
    return {text(rows[names][4] + row[0]): data[row[4]:row[4] + row[5]] for row in rows}


def number(pattern, text):
    found = re.search(pattern, text)
    return int(found[1]) if found else 0


def row(kernel, **figures):
    return dict({name: UNKNOWN for name in COLUMNS[3:9]}, kernel=kernel, **figures)


# ---- Compilers: (source, options, name of the device, folder for files) -> rows --------------

def amd(source, options, gpu, folder):
    base = folder + '/k'
    machine = ('clang-16', '-target', 'amdgcn-amd-amdhsa', '-mcpu=' + gpu)
    run(*machine, '-x', 'cl', *options, '-O3', *CHECKED, '-S', source, '-o', base + '.s',
        '--rocm-device-lib-path=' + device_library(gpu, folder))
    # Without the link, calls of functions that do not exist would go unnoticed.
    run(*machine, '-c', base + '.s', '-o', base + '.o')
    run('ld.lld-16', '-shared', '--no-undefined', base + '.o', '-o', base + '.hsaco')
    with open(base + '.s', encoding='utf-8') as file:
        text = file.read()
    metadata = text.split('.amdgpu_metadata')[1].split('amdhsa.target')[0]
    rows = []
    for kernel in re.split(r'^  - ', metadata, flags=re.M)[1:]:
        key = dict(re.findall(r'^(?:    )?\.(\w+): +(\S+)', kernel, flags=re.M))
        code = re.search(rf'^{key["name"]}:.*?^; codeLenInByte = (\d+)', text, re.M | re.S)
        rows.append(row(key['name'], lanes=key['wavefront_size'], registers=key['vgpr_count'],
                        local=key['group_segment_fixed_size'], code=code[1],
                        spills=int(key['vgpr_spill_count']) + int(key['sgpr_spill_count']),
                        scratch=key['private_segment_fixed_size']))
    return rows


def device_library(gpu, folder):
    """AMD's bitcode. The file of a GPU that is newer than the package holds one number."""
    packaged = library('amdgcn/bitcode')
    isa = f'oclc_isa_version_{gpu[3:]}.bc'
    if os.path.exists(f'{packaged}/{isa}'):
        return packaged
    for name in os.listdir(packaged):
        os.symlink(f'{packaged}/{name}', f'{folder}/{name}')
    with open(folder + '/isa.cl', 'w', encoding='ascii') as file:
        file.write(f'const __constant int __oclc_ISA_version = {gpu[3:-2]}0{gpu[-2:]};\n')
    run('clang-16', '-x', 'cl', '-target', 'amdgcn-amd-amdhsa', '-nogpulib', '-emit-llvm', '-c',
        folder + '/isa.cl', '-o', f'{folder}/{isa}')
    return folder


def intel(source, options, gpu, folder):
    said = run('ocloc', 'compile', '-file', source, '-device', gpu, '-options', ' '.join(options),
               '-internal_options', '-cl-intel-allow-zebin', '-out_dir', folder, '-output', 'k',
               '-output_no_suffix')
    warnings = [l for l in said.splitlines() if 'warning' in l and 'spilled around' not in l]
    if warnings:
        raise Red('ocloc: ' + warnings[0].strip())
    part = sections(folder + '/k')
    info = part['.ze_info'].decode().split('kernels_misc_info:')[0]
    # One program is one kernel wherever registers matter, so that the warning needs no name.
    spills = sum(map(int, re.findall(r'spilled around (\d+)', said)))
    rows = []
    for kernel in re.split(r'^  - name: +', info, flags=re.M)[1:]:
        name = kernel.split()[0]
        memory = re.search(r'per_thread_memory_buffers:\n((?: {6}.*\n)+)', kernel)
        rows.append(row(name, lanes=number(r'simd_size: +(\d+)', kernel),
                        registers=number(r'grf_count: +(\d+)', kernel), spills=spills,
                        local=number(r'slm_size: +(\d+)', kernel),
                        scratch=sum(map(int, re.findall(r' size: +(\d+)', memory[1])))
                        if memory else 0, code=len(part['.text.' + name])))
    return rows


def nvidia(source, options, gpu, folder):
    base = folder + '/k'
    run('clang-16', '-x', 'cl', *options, '-target', 'nvptx64-nvidia-nvcl', '-Xclang',
        '-target-cpu', '-Xclang', gpu, '-Xclang', '-finclude-default-header', '-Xclang',
        '-mlink-builtin-bitcode', '-Xclang', library('clc/nvptx64--nvidiacl.bc'), '-O3', *CHECKED,
        '-Wno-linker-warnings', '-S', source, '-o', base + '.ptx')
    with open(base + '.ptx', encoding='utf-8') as file:
        text = file.read()
    missing = re.search(r'^\.extern \.func.*', text, re.M)
    if missing:
        raise Red('a function that does not exist: ' + missing[0])
    said, part = {}, {}
    if shutil.which('ptxas'):
        log = subprocess.run(['ptxas', '-v', '-arch=' + gpu, base + '.ptx', '-o', base + '.cubin'],
                             capture_output=True, text=True, check=False)
        if log.returncode or 'warning' in log.stderr:
            raise Red('ptxas: ' + log.stderr.strip().splitlines()[0])
        said = {t.split("'")[1]: t for t in log.stderr.split('Compiling entry function')[1:]}
        part = sections(base + '.cubin')
    rows = []
    for kernel in re.split(r'\.entry ', text)[1:]:
        name = kernel.split('(')[0]
        log = said.get(name)
        stack = number(r'\.local .*__local_depot\d+\[(\d+)\]', kernel)
        rows.append(row(name, lanes=32, scratch=stack) if not log else
                    row(name, lanes=32, registers=number(r'Used (\d+) registers', log),
                        local=number(r'(\d+) bytes smem', log), code=len(part['.text.' + name]),
                        spills=number(r'(\d+) bytes spill stores', log) // 4,
                        scratch=max(stack, number(r'(\d+) bytes stack frame', log))))
    return rows


def spirv(source, options, _, folder):
    base = folder + '/k'
    # At -O1 clang leaves instructions that the translator does not know.
    run('clang-15', '-x', 'cl', *options, '-target', 'spir64-unknown-unknown', '-Xclang',
        '-finclude-default-header', '-O0', *CHECKED, '-emit-llvm', '-c', source, '-o', base + '.bc')
    run('llvm-spirv-15', '--spirv-max-version=1.2', base + '.bc', '-o', base + '.spv')
    run('spirv-val', '--target-env', 'opencl1.2', base + '.spv')
    return [row(UNKNOWN, code=os.path.getsize(base + '.spv'))]


AMD_NEEDS = ('clang-16', 'ld.lld-16', 'amdgcn/bitcode')
NVIDIA_NEEDS = ('clang-16', 'clc/nvptx64--nvidiacl.bc')
TARGETS = {  # name: (compiler, what it needs, whether --quick compiles for it)
    'gfx906': (amd, AMD_NEEDS, False),
    'gfx90a': (amd, AMD_NEEDS, False),
    'gfx1030': (amd, AMD_NEEDS, False),
    'gfx1100': (amd, AMD_NEEDS, True),
    'skl': (intel, ('ocloc',), True),
    'tgllp': (intel, ('ocloc',), False),
    'acm-g10': (intel, ('ocloc',), False),
    'pvc': (intel, ('ocloc',), False),
    'sm_75': (nvidia, NVIDIA_NEEDS, True),
    'spirv': (spirv, ('clang-15', 'llvm-spirv-15', 'spirv-val'), True),
}
# No cl_khr_fp64 there: the library refuses float64 with that reason, and builds no such program.
WITHOUT_DOUBLES = ('tgllp', 'acm-g10')
MOVES_FIGURES = ('clang-16', 'clang-15', 'ocloc', 'ptxas')


# ---- Programs ------------------------------------------------------------------------------

class Program:
    def __init__(self, folder, line):
        self.stem, options = line.rstrip('\n').split('\t')
        self.options = options.split()
        self.path = f'{folder}/{self.stem}.cl'
        with open(self.path, encoding='ascii') as file:
            source = re.sub(r'/\*.*?\*/', ' ', file.read(), flags=re.S)
        # A comment or a line break changes no machine code, and makes no table stale.
        source = re.sub(r'[ \t]+', ' ', re.sub(r'\s*\n\s*', '\n', source))
        self.source = hashlib.sha256((source + options).encode()).hexdigest()[:12]
        words = re.sub(r'(\w+)_H=(\d+) -D\1_W=(\d+)', r'\1=\2x\3', options.partition(' ')[2])
        self.name = f'{self.stem} {words}'.replace('-D', '').strip().lower()
        self.refused_by = WITHOUT_DOUBLES if '-DTYPE_FLOAT64' in self.options else ()


def list_programs(lister, layers, folder):
    done = subprocess.run([lister, folder, *layers], capture_output=True, text=True, check=False)
    if done.returncode or not done.stdout:
        sys.exit(done.stderr.strip() or f'{lister}: no programs')
    return [Program(folder, line) for line in sorted(set(done.stdout.splitlines()))]


def compile_one(target, program, cache, tools):
    """Rows of the table, from the cache where nothing has changed."""
    made_by = [tools[t] for t in (*TARGETS[target][1], 'ptxas') if t in tools]
    with open(__file__, encoding='ascii') as file:
        made_by.append(file.read().split('# ---- Programs')[0])
    key = hashlib.sha256('\n'.join([target, program.source, *made_by]).encode()).hexdigest()[:32]
    if not os.path.exists(f'{cache}/{key}'):
        with tempfile.TemporaryDirectory() as folder:
            rows = TARGETS[target][0](program.path, program.options, target, folder)
        with open(f'{cache}/{key}.{os.getpid()}', 'w', encoding='ascii') as file:
            json.dump(rows, file)
        os.replace(file.name, f'{cache}/{key}')
    with open(f'{cache}/{key}', encoding='ascii') as file:
        rows = json.load(file)
    return [dict(r, target=target, program=program.name, source=program.source) for r in rows]


def defect(figures):
    if figures['program'].startswith(ASKED_AT_RUN_TIME):
        return None
    spills, scratch = (0 if figures[c] == UNKNOWN else int(figures[c])
                       for c in ('spills', 'scratch'))
    return f'kernel {figures["kernel"]}: {spills} registers spilled, {scratch} bytes of scratch' \
        if spills or scratch else None


def compile_all(jobs, cache, tools):
    """(rows, number of reds) of the (target, program) pairs."""
    rows, reds = [], 0
    os.makedirs(cache, exist_ok=True)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for job, result in [(j, pool.submit(compile_one, *j, cache, tools)) for j in jobs]:
            what = f'RED {job[0]}, {job[1].name}: '
            try:
                found = result.result()
            except Red as red:
                reds += 1
                print(what + str(red), flush=True)
                continue
            rows += found
            for text in filter(None, map(defect, found)):
                reds += 1
                print(what + text, flush=True)
    return rows, reds


# ---- The committed table -------------------------------------------------------------------

def read_table():
    if not os.path.exists(TABLE):
        return []
    with open(TABLE, encoding='ascii', newline='') as file:
        return list(csv.DictReader(file, delimiter='\t'))


def stale(programs):
    """Number of defects of the committed table; it must have these programs, and be clean. Rows of
    programs that no layer needs any more go with the next --write."""
    table = read_table()
    wanted = {(t, p.name, p.source) for t in TARGETS for p in programs if t not in p.refused_by}
    found = {(r['target'], r['program'], r['source']) for r in table}
    differ = sorted({name for _, name, _ in wanted - found})
    if differ:
        print(f'{TABLE} is of other kernels: {len(differ)} programs differ, the first is '
              f'"{differ[0]}". Refresh it: ci/offline --write')
    bad = [r for r in table if defect(r)]
    if bad:
        print(f'{TABLE}: {bad[0]["target"]}, {bad[0]["program"]}: {defect(bad[0])}')
    return len(differ) + len(bad)


def worst(rows, column):
    known = (r for r in rows if r[column] != UNKNOWN)
    return max(known, key=lambda r: int(r[column]), default=None)


def summary(rows, tools):
    lines = ['| target | lanes | registers, most | by | code, largest | by |',
             '|---|---|---|---|---|---|']
    for target in TARGETS:
        mine = [r for r in rows if r['target'] == target]
        cells = [target, '/'.join(sorted({str(r['lanes']) for r in mine}))]
        for column in ('registers', 'code'):
            most = worst(mine, column)
            cells += [str(most[column]), most['program']] if most else [UNKNOWN, UNKNOWN]
        lines.append('| ' + ' | '.join(cells) + ' |')
    return [*lines, '', f'{len({r["program"] for r in rows})} programs. Compilers: '
            + ', '.join(tools[t] for t in MOVES_FIGURES if t in tools) + '.']


def write(rows, tools):
    with open(TABLE, 'w', encoding='ascii', newline='') as file:
        out = csv.DictWriter(file, COLUMNS, delimiter='\t', lineterminator='\n')
        out.writeheader()
        out.writerows(rows)
    with open(PAGE, encoding='utf-8') as file:
        before, after = re.split(r'(?<=<!-- written by ci/offline -->\n).*(?=<!-- end -->)',
                                 file.read(), flags=re.S)
    with open(PAGE, 'w', encoding='utf-8') as file:
        file.write(before + '\n'.join(summary(rows, tools)) + '\n' + after)
    print(f'{TABLE} and {PAGE} are written.')


def heaviest(programs, target):
    """Of each algorithm the program that needs the most registers there, by the table."""
    need = {r['program']: int(r['registers']) for r in read_table()
            if r['target'] == target and r['registers'] != UNKNOWN}
    return {p.stem: p for p in sorted(programs, key=lambda p: need.get(p.name, 0))}.values()


# ---- Main ----------------------------------------------------------------------------------

def parse():
    parser = argparse.ArgumentParser()
    for flag in ('--quick', '--stale', '--write'):
        parser.add_argument(flag, action='store_true')
    parser.add_argument('--targets', type=lambda text: text.split(','))
    parser.add_argument('--programs', default='')
    parser.add_argument('--lister', required=True)
    parser.add_argument('--layers', required=True, type=lambda text: text.split(','))
    parser.add_argument('--cache', required=True)
    options = parser.parse_args()
    unknown = set(options.targets or []) - set(TARGETS)
    if unknown:
        parser.error(f'no target {", ".join(unknown)}; there are {", ".join(TARGETS)}')
    if options.write and (options.quick or options.targets or options.programs):
        parser.error('--write needs every program and target')
    return options


def main():
    options = parse()
    with tempfile.TemporaryDirectory() as folder:
        programs = list_programs(options.lister, options.layers, folder)
        if options.stale:
            return 1 if stale(programs) else 0
        targets = [t for t in TARGETS if (t in options.targets if options.targets else
                                          TARGETS[t][2] or not options.quick)]
        needs = sorted({n for t in targets for n in TARGETS[t][1]})
        missing = [n for n in needs if not (library(n) if '/' in n else shutil.which(n))]
        if missing:
            print(f'SKIP: {", ".join(missing)} not found', file=sys.stderr)
            return 77
        tools = {n: version(n) for n in (*needs, 'ptxas') if shutil.which(n)}
        jobs = [(t, p) for t in targets
                for p in (heaviest(programs, t) if options.quick else programs)
                if options.programs in p.name and t not in p.refused_by]
        print(f'==> {len(jobs)} compilations for {", ".join(targets)}', flush=True)
        rows, reds = compile_all(jobs, options.cache, tools)
        if options.write and {(r['target'], r['program']) for r in rows} == {
                (t, p.name) for t, p in jobs}:
            write(rows, tools)
        if not jobs or reds:
            print(f'{reds} of {len(jobs)} compilations are red.', file=sys.stderr)
            return 1
        if not (options.quick or options.targets or options.programs) and stale(programs):
            return 1
        print('All compile; no warning, no spill, no scratch.')
        return 0


if __name__ == '__main__':
    sys.exit(main())
