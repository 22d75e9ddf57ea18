/* The least that a program must do: fork, exec, wait4 and one HTTP POST. Usage: baseline PORT COMMAND [ARGS]... */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv) {
    if (argc < 3) return 125;
    struct timespec start, end;
    clock_gettime(CLOCK_REALTIME, &start);
    pid_t pid = fork();
    if (pid < 0) return 126;
    if (pid == 0) {
        execvp(argv[2], argv + 2);
        _exit(127);
    }
    int status;
    struct rusage usage;
    if (wait4(pid, &status, 0, &usage) < 0) return 126;
    clock_gettime(CLOCK_REALTIME, &end);
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    char body[512], request[1024], answer[1024];
    int length = snprintf(body, sizeof body,
        "# TYPE baseline_start_timestamp_seconds gauge\nbaseline_start_timestamp_seconds %ld.%09ld\n"
        "# TYPE baseline_completion_timestamp_seconds gauge\nbaseline_completion_timestamp_seconds %ld.%09ld\n"
        "# TYPE baseline_exit_code gauge\nbaseline_exit_code %d\n",
        (long)start.tv_sec, start.tv_nsec, (long)end.tv_sec, end.tv_nsec, code);
    int size = snprintf(request, sizeof request,
        "POST /metrics/job/baseline HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n"
        "Content-Type: text/plain; version=0.0.4\r\n\r\n%s", length, body);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1]))};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int server = socket(AF_INET, SOCK_STREAM, 0);
    if (server < 0 || connect(server, (struct sockaddr *)&to, sizeof to) < 0) return 123;
    if (write(server, request, size) != size) return 123;
    ssize_t got = read(server, answer, sizeof answer - 1);
    if (got < 12 || strncmp(answer, "HTTP/1.1 200", 12) != 0) return 123;
    close(server);
    return code;
}
