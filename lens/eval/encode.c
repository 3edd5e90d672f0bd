#include "lens/eval/encode.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct pipe_to {
	pid_t child;
	int fd;
};

static void run_ffmpeg(const struct scene_options *o, const struct encode_options *e, const char *path)
{
	char size[32], fps[32], gop[16];
	const char *codec = strcmp(e->codec, "h265") == 0 ? "libx265" : "libx264";
	const char *const args[] = { "ffmpeg",
				     "-y",
				     "-v",
				     "error",
				     "-f",
				     "rawvideo",
				     "-pix_fmt",
				     "yuv420p",
				     "-s",
				     size,
				     "-r",
				     fps,
				     "-i",
				     "-",
				     "-c:v",
				     codec,
				     "-preset",
				     e->preset ? e->preset : "veryfast",
				     "-threads",
				     "1",
				     "-b:v",
				     e->rate,
				     "-maxrate",
				     e->rate,
				     "-bufsize",
				     "8M",
				     "-g",
				     gop,
				     "-bf",
				     "0",
				     "-sc_threshold",
				     "0",
				     "-pix_fmt",
				     "yuv420p",
				     strcmp(codec, "libx265") == 0 ? "-x265-params" : "-threads",
				     strcmp(codec, "libx265") == 0 ? "log-level=error:pools=none:frame-threads=1" : "1",
				     path,
				     NULL };
	char *copy[COUNT(args)];

	snprintf(size, sizeof size, "%dx%d", o->width, o->height);
	snprintf(fps, sizeof fps, "%g", o->shown_fps);
	snprintf(gop, sizeof gop, "%d", e->gop > 0 ? e->gop : 50);
	for (size_t i = 0; i < COUNT(args); i++)
		copy[i] = args[i] ? strdup(args[i]) : NULL;
	execvp("ffmpeg", copy);
	_exit(127);
}

static enum rc start(const struct scene_options *o, const struct encode_options *e, const char *path,
		     struct pipe_to *to)
{
	int ends[2];

	if (pipe(ends) != 0)
		return RC_BUSY;
	to->child = fork();
	if (to->child < 0) {
		close(ends[0]);
		close(ends[1]);
		return RC_BUSY;
	}
	if (to->child == 0) {
		dup2(ends[0], STDIN_FILENO);
		close(ends[0]);
		close(ends[1]);
		run_ffmpeg(o, e, path);
	}
	close(ends[0]);
	to->fd = ends[1];
	return RC_OK;
}

static bool put(int fd, const uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t w = write(fd, p, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return false;
		p += w;
		n -= (size_t)w;
	}
	return true;
}

enum rc encode_scene(struct scene *s, const struct scene_options *options, const struct encode_options *e,
		     const char *path)
{
	struct scene_options o = *options;
	struct pipe_to to;
	size_t luma, all;
	uint8_t *picture;
	int status = 0;
	bool fine = true;

	o.width = o.width ? o.width : 1920;
	o.height = o.height ? o.height : 1080;
	o.fps = o.fps > 0 ? o.fps : 25;
	o.shown_fps = o.shown_fps > 0 ? o.shown_fps : o.fps;
	TRY(start(&o, e, path, &to));
	signal(SIGPIPE, SIG_IGN); /* a failed encoder shows in write and in its status */
	luma = (size_t)o.width * (size_t)o.height;
	all = luma * 3 / 2;
	picture = mem_new(all);
	scene_chroma(s, picture + luma, picture + luma + luma / 4);
	for (int i = 0; i < scene_frames(s) && fine; i++) {
		scene_paint(s, picture);
		fine = put(to.fd, picture, all);
	}
	close(to.fd);
	free(picture);
	while (waitpid(to.child, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return RC_MISSING;
	return fine && WIFEXITED(status) && WEXITSTATUS(status) == 0 ? RC_OK : RC_BUSY;
}
