//! What a wrong command line is answered with.

use crate::support::pushjob;

#[test]
fn a_wrong_word_gets_the_nearest_right_one_the_usage_and_a_pointer_to_help() {
    let run = "pushjob: nothing was run; usage: pushjob run [OPTIONS] --job <NAME> -- <COMMAND> \
               [ARGS]...; `pushjob run --help` shows all\n";
    let push = "pushjob: usage: pushjob push [OPTIONS] --gateway <URL> --job <NAME> [FILE]; \
                `pushjob push --help` shows all\n";
    let none = "pushjob: usage: pushjob <COMMAND>; `pushjob --help` shows all\n";
    for (args, message, usage) in [
        (
            &["run", "--timout", "5m", "--", "true"][..],
            "unexpected argument '--timout' found; did you mean `--timeout`?",
            run,
        ),
        (
            &["run", "--job", "x", "--on-success", "delet", "--", "true"],
            "invalid value 'delet' for '--on-success <METHOD>'; [possible values: pushadd, push, \
             delete, none]; did you mean `delete`?",
            run,
        ),
        (
            &["run", "--job", "x", "sleep", "5"],
            "unexpected argument 'sleep' found; the command to run goes after `--`",
            run,
        ),
        (
            &["push-add", "--job", "x"],
            "unrecognized subcommand 'push-add'; did you mean `pushadd`?",
            none,
        ),
        (
            &["push", "--gatway", "h"],
            "unexpected argument '--gatway' found; did you mean `--gateway`?",
            push,
        ),
        (
            &["push", "--password", "hunter2"],
            "unexpected argument '--password' found; did you mean `--password-file`? A secret is \
             never the value of a flag, where others see it: give its file, or set PUSHJOB_PASSWORD",
            push,
        ),
        (
            &["run", "--bearer-token=hunter2", "--", "true"],
            "unexpected argument '--bearer-token' found; did you mean `--bearer-token-file`? A secret \
             is never the value of a flag, where others see it: give its file, or set \
             PUSHJOB_BEARER_TOKEN",
            run,
        ),
    ] {
        let code = if usage == run { 125 } else { 2 };
        pushjob(args)
            .run()
            .exits(code)
            .prints("")
            .says(&format!("pushjob: {message}\n{usage}"));
    }
}
