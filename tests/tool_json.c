/* SPDX-License-Identifier: MIT */
/* The JSON of `clconv devices` and `clconv explain`: it parses, and holds what it promises.
 *
 * usage: tool_json CLCONV */
#include <jansson.h>

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

static size_t wrong;

static void expect(int holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "WRONG: %s\n", what);
    wrong++;
}

/* What a command prints, and its exit status. */
static json_t *run(const char *tool, const char *arguments, int *status)
{
    char line[1000];
    json_error_t error;
    snprintf(line, sizeof line, "'%s' %s", tool, arguments);
    FILE *output = popen(line, "r");
    json_t *root = output ? json_loadf(output, JSON_REJECT_DUPLICATES, &error) : NULL;
    const int ended = output ? pclose(output) : -1;
    *status = WIFEXITED(ended) ? WEXITSTATUS(ended) : -1;
    return root;
}

static int check_devices(const char *tool)
{
    static const char *const texts[] = {"name", "platform", "type", "driver", "opencl_c_version"};
    static const char *const numbers[] = {"compute_units", "global_bytes", "max_alloc_bytes",
                                          "local_bytes", "max_work_group"};
    int status = 0;
    size_t index = 0, chosen = 0;
    json_t *root = run(tool, "devices --json", &status), *device = NULL;
    const json_t *devices = json_object_get(root, "devices");
    expect(json_is_array(devices), "devices: an array, empty where there is none");
    json_array_foreach(devices, index, device)
    {
        expect(json_integer_value(json_object_get(device, "index")) == (json_int_t)index, "index");
        chosen += json_is_true(json_object_get(device, "chosen"));
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
            expect(json_string_length(json_object_get(device, texts[i])) > 0, texts[i]);
        for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
            expect(json_integer_value(json_object_get(device, numbers[i])) > 0, numbers[i]);
        expect(json_is_boolean(json_object_get(device, "fp16")), "fp16");
        expect(json_is_boolean(json_object_get(device, "fp64")), "fp64");
        expect(json_is_boolean(json_object_get(device, "out_of_order_queue")), "out of order");
    }
    expect(status == (json_array_size(devices) ? 0 : 77), "devices: exit status");
    expect(chosen == (json_array_size(devices) ? 1 : 0), "devices: exactly one is chosen");
    json_decref(root);
    return status;
}

static void check_explain(const char *tool)
{
    int status = 0;
    size_t index = 0, accepting = 0;
    json_t *root = run(tool, "explain w9h7c8k16rs3ph1pw1g8:algo=naive --json", &status);
    json_t *choice = NULL;
    const json_t *choices = json_object_get(root, "choices");
    const char *text = json_string_value(json_object_get(root, "case"));
    const char *algorithm = json_string_value(json_object_get(root, "algorithm"));
    expect(status == 0, "explain: exit status");
    expect(text && strcmp(text, "c8h7w9k16rs3p1g8:algo=naive") == 0, "the case in canonical form");
    expect(algorithm && strcmp(algorithm, "naive") == 0, "the algorithm that was named");
    /* 7 * 9 outputs of 16 channels, 9 taps, 1 input channel per group */
    expect(json_integer_value(json_object_get(root, "macs")) == 7 * 9 * 16 * 9, "multiply-adds");
    expect(json_string_length(json_object_get(root, "explain")) > 0, "the explanation");
    json_array_foreach(choices, index, choice)
    {
        expect(json_is_string(json_object_get(choice, "algorithm")), "a choice has a name");
        const int refuses = json_is_string(json_object_get(choice, "refusal"));
        expect(refuses != json_is_number(json_object_get(choice, "expected_ms")),
               "a choice has a time or a refusal");
        expect(refuses || accepting == index, "those that accept come first");
        accepting += !refuses;
    }
    expect(accepting > 0, "some algorithm accepts");
    json_decref(root);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: tool_json CLCONV\n");
        return 2;
    }
    const int status = check_devices(argv[1]);
    if (status == 0)
        check_explain(argv[1]);
    printf("%zu wrong\n", wrong);
    return wrong ? 1 : status == 77 ? 77 : 0;
}
