/* Stamps, ring, spool, seal, findings, configuration, health. */
#include "lens/finding.h"
#include "lens/health.h"
#include "lens/ring.h"
#include "lens/seal.h"
#include "lens/settings.h"
#include "lens/spool.h"
#include "lens/stamps.h"

#include "base/json.h"
#include "paint.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64];

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/jiuan-lens-XXXXXX");
	return mkdtemp(folder) && seal_init() == RC_OK ? 0 : -1;
}

static int remove_folder(void **state)
{
	char *argv[] = { (char[]){ "rm" }, (char[]){ "-rf" }, folder, NULL };
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		execv("/bin/rm", argv);
		_exit(127);
	}
	return waitpid(pid, NULL, 0) == pid ? 0 : -1;
}

/* ---- stamps ------------------------------------------------------------------------ */

static void a_stalled_network_does_not_bend_time(void **state)
{
	struct stamps s;
	int64_t wall, now = 1000 * SECOND, first = 0;

	(void)state;
	stamps_init(&s, 0);
	for (int64_t i = 0; i < 250; i++) {
		/* 3 s of silence, then all of it at once */
		int64_t late = i >= 100 && i < 175 ? (175 - i) * 40 * MILLI : (i % 7) * 5 * MILLI;

		assert_int_equal(stamps_note(&s, i * 40 * MILLI, now + i * 40 * MILLI + late, &wall), STAMP_FINE);
		if (i == 0)
			first = wall;
		assert_true(llabs(wall - (first + i * 40 * MILLI)) < 10 * MILLI);
	}
	assert_int_equal(s.jumps, 0);
}

static void a_clock_that_jumps_is_told_once(void **state)
{
	static const int64_t jumps[] = { 3600 * SECOND, -3600 * SECOND, 10 * SECOND, -7 * SECOND };

	(void)state;
	for (unsigned k = 0; k < COUNT(jumps); k++) {
		struct stamps s;
		int64_t wall, now = 5000 * SECOND, before = 0;

		stamps_init(&s, 0);
		for (int64_t i = 0; i < 200; i++) {
			int64_t pts = 100000 * SECOND + i * 40 * MILLI + (i >= 100 ? jumps[k] : 0);
			enum stamp_word w = stamps_note(&s, pts, now + i * 40 * MILLI, &wall);

			assert_int_equal(w, i == 100 ? STAMP_JUMP : STAMP_FINE);
			assert_true(wall > before); /* wall time goes on */
			assert_true(llabs(wall - (now + i * 40 * MILLI)) < 10 * MILLI);
			before = wall;
		}
		assert_int_equal(s.jumps, 1);
	}
}

static void pictures_out_of_order_are_no_jump(void **state)
{
	struct stamps s;
	int64_t wall;

	(void)state;
	stamps_init(&s, SECOND);
	assert_int_equal(stamps_note(&s, 80 * MILLI, 0, &wall), STAMP_FINE);
	assert_int_equal(wall, SECOND);
	assert_int_equal(stamps_note(&s, 40 * MILLI, 0, &wall), STAMP_BACK);
	assert_int_equal(stamps_note(&s, 80 * MILLI, 0, &wall), STAMP_BACK);
	assert_int_equal(stamps_note(&s, 120 * MILLI, 0, &wall), STAMP_FINE);
	assert_int_equal(wall, SECOND + 40 * MILLI);
	/* A gap in a recording is none of the clock's. */
	assert_int_equal(stamps_note(&s, 60 * SECOND, 0, &wall), STAMP_FINE);
	assert_int_equal(s.backs, 2);
	assert_int_equal(s.jumps, 0);
}

/* ---- ring ---------------------------------------------------------------------------- */

static struct packet *packet(struct stream *of, int64_t wall, size_t bytes, bool key)
{
	struct packet *p = mem_new(sizeof(*p));

	p->stream = of; /* not counted: packet_free gets no stream here */
	p->wall = wall;
	p->bytes = bytes;
	p->key = key;
	atomic_init(&p->refs, 1);
	return p;
}

/* Streams of these packets are only compared. */
static struct stream *const no_stream = NULL;

static void the_ring_is_bounded(void **state)
{
	struct ring *r = ring_new(10000, false);
	struct ring_loss loss = { 0 };
	bool end;

	(void)state;
	for (int i = 0; i < 100; i++)
		assert_true(ring_put(r, packet(no_stream, i * SECOND, 1000, i % 4 == 0)));
	assert_true(ring_bytes(r) <= 10000);
	/* Nobody followed: what fell out is counted, the rest comes in order. */
	struct packet *p = ring_follow(r, 0, 0, &loss, &end);

	assert_int_equal(loss.broken, 90);
	assert_int_equal(p->wall, 90 * SECOND);
	packet_free(p);
	/* One packet larger than the limit does not break it. */
	assert_true(ring_put(r, packet(no_stream, 200 * SECOND, 50000, true)));
	assert_int_equal(ring_bytes(r), 50000);
	ring_close(r);
	p = ring_follow(r, 0, 0, &loss, &end);
	assert_int_equal(p->wall, 200 * SECOND);
	packet_free(p);
	assert_null(ring_follow(r, 0, 0, &loss, &end));
	assert_true(end);
	assert_false(ring_put(r, packet(no_stream, 0, 1, true)));
	ring_free(r);
}

static void who_falls_behind_goes_on_at_a_key_frame(void **state)
{
	struct ring *r = ring_new(1 << 20, false);
	struct ring_loss loss = { 0 };
	bool end;

	(void)state;
	for (int i = 0; i < 100; i++)
		ring_put(r, packet(no_stream, i * 40 * MILLI, 100, i % 25 == 0));
	struct packet *p = ring_follow(r, 0, SECOND, &loss, &end);

	assert_int_equal(p->wall, 75 * 40 * MILLI);
	assert_true(p->key);
	assert_int_equal(loss.late, 75);
	packet_free(p);
	ring_free(r);
}

static void evidence_starts_at_the_key_frame_before(void **state)
{
	struct ring *r = ring_new(1 << 20, false);
	struct packet *got[200];

	(void)state;
	assert_int_equal(ring_take(r, 0, got, 200), 0);
	for (int i = 0; i < 100; i++)
		ring_put(r, packet(no_stream, i * 40 * MILLI, 100, i % 25 == 0));
	size_t n = ring_take(r, 60 * 40 * MILLI, got, 200);

	assert_int_equal(n, 50);
	assert_int_equal(got[0]->wall, 50 * 40 * MILLI);
	for (size_t i = 0; i < n; i++)
		packet_free(got[i]);
	n = ring_take(r, -5, got, 7); /* before everything; at most 7 */
	assert_int_equal(n, 7);
	assert_int_equal(got[0]->wall, 0);
	for (size_t i = 0; i < n; i++)
		packet_free(got[i]);
	ring_free(r);
}

/* ---- spool ----------------------------------------------------------------------------- */

static struct spool *open_spool(int64_t most)
{
	char path[128];
	struct spool *s = NULL;

	snprintf(path, sizeof(path), "%s/spool", folder);
	assert_int_equal(spool_open(path, most, &s), RC_OK);
	return s;
}

static void write_file(const char *path, size_t n)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	for (size_t i = 0; i < n; i++)
		putc((int)(i * 31 % 251), f);
	fclose(f);
}

static enum rc adopt(struct spool *s, const char *key, enum spool_kind kind, size_t n)
{
	char path[SPOOL_PATH];

	spool_scrap(s, key, kind, path);
	write_file(path, n);
	return spool_adopt(s, key, kind);
}

static void the_spool_outlives_the_process(void **state)
{
	struct spool *s = open_spool(1 << 20);
	struct spool_file f[4], e;
	char path[SPOOL_PATH];
	struct stat st;

	(void)state;
	assert_int_equal(spool_put(s, "0000000000000002-b", SPOOL_EVENT, STR("{\"two\":2}")), RC_OK);
	assert_int_equal(spool_put(s, "0000000000000001-a", SPOOL_EVENT, STR("{\"one\":1}")), RC_OK);
	assert_int_equal(adopt(s, "0000000000000001-a", SPOOL_CLIP, 5000), RC_OK);
	/* A crash in mid-write leaves a scrap under another name. */
	spool_scrap(s, "0000000000000003-c", SPOOL_CLIP, path);
	write_file(path, 100);
	spool_close(s);
	s = open_spool(1 << 20);
	assert_int_equal(stat(path, &st), -1);
	assert_int_equal(spool_events(s, 0, f, 4), 2);
	assert_string_equal(f[0].key, "0000000000000001-a");
	assert_int_equal(stat(f[0].path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	/* Evidence waits for its event. */
	assert_false(spool_evidence(s, 0, &e));
	spool_remove(s, &f[0], false);
	assert_true(spool_evidence(s, 0, &e));
	assert_int_equal(e.kind, SPOOL_CLIP);
	assert_int_equal(e.bytes, 5000);
	spool_later(s, &e, 10);
	assert_false(spool_evidence(s, 9, &e));
	assert_true(spool_evidence(s, 10, &e));
	spool_remove(s, &e, false);
	spool_remove(s, &f[1], false);
	assert_int_equal(spool_stats(s).files, 0);
	assert_int_equal(spool_stats(s).bytes, 0);
	spool_close(s);
}

static void one_process_one_spool(void **state)
{
	struct spool *s = open_spool(1 << 20), *other = NULL;
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/spool", folder);
	assert_int_equal(spool_open(path, 1 << 20, &other), RC_CONFLICT);
	spool_close(s);
	assert_int_equal(spool_open("/nowhere/at/all", 1 << 20, &other), RC_DENIED);
	assert_int_equal(spool_open("/proc/self/no", 1 << 20, &other), RC_DENIED);
}

static void the_oldest_evidence_goes_last(void **state)
{
	struct spool *s = open_spool(100000);
	struct spool_file f;

	(void)state;
	assert_int_equal(adopt(s, "1-a", SPOOL_CLIP, 40000), RC_OK);
	assert_int_equal(adopt(s, "1-a", SPOOL_SHARED, 20000), RC_OK);
	assert_int_equal(adopt(s, "2-b", SPOOL_SHARED, 20000), RC_OK);
	assert_int_equal(adopt(s, "2-b", SPOOL_CLIP, 40000), RC_OK); /* the newer shared copy goes */
	assert_int_equal(spool_stats(s).lost[SPOOL_SHARED], 1);
	assert_int_equal(adopt(s, "3-c", SPOOL_CLIP, 40000), RC_LIMIT);
	assert_int_equal(spool_stats(s).lost[SPOOL_CLIP], 1);
	assert_true(spool_stats(s).bytes <= 100000);
	assert_true(spool_evidence(s, 0, &f));
	assert_string_equal(f.key, "1-a");
	assert_int_equal(f.kind, SPOOL_CLIP);
	/* Events still go in, and clear themselves of health reports first. */
	char *big = mem_new(60001);
	char key[SPOOL_KEY];
	int health = 0, events = 0;

	memset(big, 'x', 60000);
	for (int i = 0; i < 40; i++) {
		snprintf(key, sizeof(key), "4%02d-h", i);
		health += spool_put(s, key, SPOOL_HEALTH, str_of(big)) == RC_OK;
	}
	for (int i = 0; i < 80; i++) {
		snprintf(key, sizeof(key), "5%02d-e", i);
		events += spool_put(s, key, SPOOL_EVENT, str_of(big)) == RC_OK;
	}
	assert_int_equal(health, 40);
	assert_int_equal(events, SPOOL_RESERVE / 60000);
	assert_int_equal(spool_stats(s).lost[SPOOL_HEALTH], 40);
	assert_int_equal(spool_stats(s).lost[SPOOL_EVENT], 80 - SPOOL_RESERVE / 60000);
	free(big);
	spool_close(s);
}

/* ---- seal and ids ------------------------------------------------------------------------ */

static void sealed_files_open_with_the_key_alone(void **state)
{
	static const size_t sizes[] = { 0, 1, 65535, 65536, 65537, 200000 };
	struct seal_to to = { .set = true };
	uint8_t secret[SEAL_PUBLIC], other_public[SEAL_PUBLIC], other[SEAL_PUBLIC];
	char path[128], out[128], before[HASH_HEX], after[HASH_HEX], sealed[HASH_HEX];
	int64_t n, m;

	(void)state;
	seal_make_key(to.key, secret);
	seal_make_key(other_public, other);
	snprintf(path, sizeof(path), "%s/f", folder);
	snprintf(out, sizeof(out), "%s/g", folder);
	for (unsigned i = 0; i < COUNT(sizes); i++) {
		write_file(path, sizes[i]);
		assert_int_equal(seal_hash_file(path, before, &n), RC_OK);
		assert_int_equal(n, sizes[i]);
		assert_int_equal(seal_file(&to, path), RC_OK);
		assert_int_equal(seal_hash_file(path, sealed, &m), RC_OK);
		assert_true(m > n);
		assert_int_equal(seal_open_file(other_public, other, path, out), RC_INVALID);
		assert_int_equal(seal_open_file(to.key, secret, path, out), RC_OK);
		assert_int_equal(seal_hash_file(out, after, &n), RC_OK);
		assert_string_equal(before, after);
		assert_int_equal(truncate(path, m - 1), 0); /* a cut one is no file */
		assert_int_equal(seal_open_file(to.key, secret, path, out), RC_INVALID);
	}
	assert_int_equal(seal_read_key(STR("short"), &to), RC_INVALID);
}

static void ids_repeat_and_tell_their_camera(void **state)
{
	char a[SPOOL_KEY], b[SPOOL_KEY];
	int64_t at = 1773302408145210;

	(void)state;
	finding_id(STR("lens/a"), "thrown", at, 0.25, 0.5, a);
	finding_id(STR("lens/a"), "thrown", at, 0.25, 0.5, b);
	assert_string_equal(a, b);
	finding_id(STR("lens/a"), "lane", at, 0.25, 0.5, b);
	assert_string_not_equal(a, b);
	finding_id(STR("lens/b"), "thrown", at, 0.25, 0.5, b);
	assert_string_not_equal(a, b);
	assert_true(finding_is_of(a, STR("lens/a")));
	assert_false(finding_is_of(a, STR("lens/b")));
	assert_int_equal(finding_time(a), at);
}

/* ---- configuration --------------------------------------------------------------------------- */

static void wrong_words_are_named(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "{", "no JSON" },
		{ "{\"spool\":{\"folder\":\"x\"},\"cameras\":[]}", "cameras: at least one" },
		{ "{\"spool\":{},\"cameras\":[{}]}", "spool.folder: is needed" },
		{ "{\"spool\":{\"folder\":\"x\"},\"cameras\":[{}]}", "cameras[0]: source and input" },
		{ "{\"spool\":{\"folder\":\"x\"},\"cameras\":[{\"source\":\"a\",\"input\":\"b\",\"colour\":1}]}",
		  "cameras[0].colour: unknown key" },
		{ "{\"spool\":{\"folder\":\"x\"},\"cameras\":[{\"source\":\"a\",\"input\":\"b\",\"lanes\":[{"
		  "\"corners\":"
		  "[[0,0],[1,0],[1,1]]}]}]}",
		  "cameras[0].lanes[0]: size" },
		{ "{\"spool\":{\"folder\":\"x\"},\"cameras\":[{\"source\":\"a\",\"input\":\"b\",\"zones\":[{"
		  "\"corners\":"
		  "[[0,0],[1,0],[1,2]]}]}]}",
		  "cameras[0].zones[0]: corner 2" },
		{ "{\"spool\":{\"folder\":\"x\"},\"cameras\":[{\"source\":\"a\",\"input\":\"b\",\"transport\":\"sms\"}]"
		  "}",
		  "cameras[0].transport" },
		{ "{\"spool\":{\"folder\":\"x\"},\"cameras\":[{\"source\":\"a\",\"input\":\"b\"},{\"source\":\"a\","
		  "\"input\":\"c\"}]}",
		  "cameras[1]: source as of camera 0" },
		{ "{\"spool\":{\"folder\":\"x\"},\"cameras\":[{\"source\":\"a\",\"input\":\"b\",\"detector\":{"
		  "\"command\":"
		  "[\"d\"],\"labels\":[\"Person\"]}}]}",
		  "cameras[0].detector.labels: no detector of persons" },
		{ "{\"server\":{\"url\":\"ftp://x\",\"device\":\"d\",\"key_file\":\"k\"},\"spool\":{\"folder\":\"x\"},"
		  "\"cameras\":[{\"source\":\"a\",\"input\":\"b\"}]}",
		  "server.url" },
	};
	struct arena *a = arena_new(1 << 20);

	(void)state;
	for (unsigned i = 0; i < COUNT(cases); i++) {
		struct settings s;
		struct settings_error err;

		assert_int_equal(settings_parse(a, str_of(cases[i].text), &s, &err), RC_INVALID);
		if (strstr(err.text, cases[i].says) == NULL)
			print_error("%s\n  says %s\n", cases[i].text, err.text);
		assert_non_null(strstr(err.text, cases[i].says));
	}
	arena_free(a);
}

static void a_configuration_for_all_is_refused(void **state)
{
	struct arena *a = arena_new(1 << 20);
	struct settings s;
	struct settings_error err;
	char path[128];
	FILE *f;

	(void)state;
	snprintf(path, sizeof(path), "%s/c.json", folder);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs("{\"spool\":{\"folder\":\"x\"},\"cameras\":[{\"source\":\"a\",\"input\":\"b\"}]}", f);
	fclose(f);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(settings_read(a, path, &s, &err), RC_DENIED);
	assert_int_equal(chmod(path, 0640), 0);
	assert_int_equal(settings_read(a, path, &s, &err), RC_OK);
	assert_string_equal(s.cameras[0].name, "a");
	assert_true(s.cameras[0].thrown);
	assert_int_equal(settings_read(a, "/nowhere", &s, &err), RC_MISSING);
	arena_free(a);
}

/* ---- health ------------------------------------------------------------------------------------ */

enum { HW = 640, HH = 360 };

/* Shows the picture for so long; the word at the end. */
static enum health_word show(struct health *h, struct paint *p, int64_t *now, int seconds, bool noise)
{
	struct paint with = paint_new(HW, HH, (uint32_t)(*now / SECOND) + 1);

	for (int s = 0; s < seconds; s++, *now += SECOND) {
		memcpy(with.luma, p->luma, (size_t)(HW * HH));
		if (noise)
			paint_noise(&with, 2);
		struct frame f = paint_frame(&with, *now, true);

		health_look(h, &f);
	}
	paint_free(&with);
	return h->word;
}

static void scene(struct paint *p, uint32_t seed)
{
	paint_ground(p, seed, 110, 60);
	for (uint32_t i = 0; i < 40; i++)
		paint_box(p, (int)(i * 97 * seed % HW), (int)(i * 61 * seed % HH), 40, 30, 60 + (int)(i * 37 % 140),
			  seed + i);
}

static void cameras_that_cannot_see_are_told(void **state)
{
	struct paint p = paint_new(HW, HH, 1);
	struct health h;
	int64_t now = SECOND;

	(void)state;
	health_init(&h);
	scene(&p, 3);
	assert_int_equal(show(&h, &p, &now, 60, true), HEALTH_FINE);
	paint_light(&p, 0.5, 0); /* dusk is no fault */
	assert_int_equal(show(&h, &p, &now, 60, true), HEALTH_FINE);
	paint_light(&p, 0.0, 17);
	assert_int_equal(show(&h, &p, &now, 9, true), HEALTH_FINE); /* not at once */
	assert_int_equal(show(&h, &p, &now, 6, true), HEALTH_DARK);
	scene(&p, 3);
	assert_int_equal(show(&h, &p, &now, 15, true), HEALTH_FINE);
	paint_light(&p, 0.02, 140); /* a bag over it */
	assert_int_equal(show(&h, &p, &now, 15, true), HEALTH_COVERED);
	scene(&p, 3);
	assert_int_equal(show(&h, &p, &now, 15, true), HEALTH_FINE);
	scene(&p, 8); /* another view */
	assert_int_equal(show(&h, &p, &now, 15, true), HEALTH_MOVED);
	scene(&p, 3);
	assert_int_equal(show(&h, &p, &now, 15, true), HEALTH_FINE);
	assert_int_equal(show(&h, &p, &now, 45, false), HEALTH_FROZEN);
	assert_int_equal(show(&h, &p, &now, 15, true), HEALTH_FINE);
	scene(&p, 8);
	assert_int_equal(show(&h, &p, &now, 15, true), HEALTH_MOVED);
	health_relearn(&h); /* it was meant */
	assert_int_equal(show(&h, &p, &now, 30, true), HEALTH_FINE);
	paint_free(&p);
}

static void traffic_and_lorries_are_no_fault(void **state)
{
	struct paint p = paint_new(HW, HH, 1);
	struct health h;
	int64_t now = SECOND;

	(void)state;
	health_init(&h);
	scene(&p, 5);
	show(&h, &p, &now, 30, true);
	for (int i = 0; i < 60; i++) {
		scene(&p, 5);
		paint_box(&p, i * 23 % HW - 60, 120, 260, 140, 200, 77);
		assert_int_equal(show(&h, &p, &now, 3, true), HEALTH_FINE);
	}
	paint_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stalled_network_does_not_bend_time),
		cmocka_unit_test(a_clock_that_jumps_is_told_once),
		cmocka_unit_test(pictures_out_of_order_are_no_jump),
		cmocka_unit_test(the_ring_is_bounded),
		cmocka_unit_test(who_falls_behind_goes_on_at_a_key_frame),
		cmocka_unit_test(evidence_starts_at_the_key_frame_before),
		cmocka_unit_test_setup_teardown(the_spool_outlives_the_process, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(one_process_one_spool, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(the_oldest_evidence_goes_last, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(sealed_files_open_with_the_key_alone, make_folder, remove_folder),
		cmocka_unit_test(ids_repeat_and_tell_their_camera),
		cmocka_unit_test(wrong_words_are_named),
		cmocka_unit_test_setup_teardown(a_configuration_for_all_is_refused, make_folder, remove_folder),
		cmocka_unit_test(cameras_that_cannot_see_are_told),
		cmocka_unit_test(traffic_and_lorries_are_no_fault),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
