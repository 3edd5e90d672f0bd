/* demo_devices.c - the demo's devices, and the gateway that speaks for them. */
#include "app/demo_inner.h"

#include "sys/file.h"

#include <string.h>

static enum rc add_device(struct demo *d, const struct demo_device *v, struct str *id, bool *approved)
{
	struct buf b = demo_body(d);
	const struct json *known;
	struct str place;

	TRY(demo_first(d, arena_fmt(d->arena, "/api/sensing/device?source=%s", v->source), &known));
	*id = json_get_text(known, "id");
	*approved = known && !str_is(json_get_text(known, "state"), "quarantined");
	if (known)
		return RC_OK;
	TRY(demo_place(d, v->place, &place));
	json_put_text(&b, "name", str_of(v->name));
	json_put_text(&b, "kind", str_of(v->kind));
	json_put_text(&b, "source", str_of(v->source));
	json_put_text(&b, "place_id", place);
	json_put_int(&b, "heartbeat_s", v->does == DEMO_SILENT ? DEMO_SILENT_HEARTBEAT_S : DEMO_HEARTBEAT_S);
	if (strcmp(v->kind, "camera") == 0) {
		json_put_text(&b, "legal_basis", STR("公共安全视频图像信息系统管理条例（演示备案）"));
		json_put_text(&b, "sign_record", STR("已立牌（演示记录）"));
		json_put_text(&b, "field_of_view", STR("公共部位：外立面、通道或门厅（演示）"));
	}
	return demo_make(d, "sensing/device", &b, id);
}

static enum rc approve(struct demo *d, struct str id, const char *path)
{
	struct buf b = demo_body(d);
	struct str place;

	TRY(demo_place(d, path, &place));
	json_put_text(&b, "place_id", place);
	json_close(&b, '}');
	return demo_ask(d, STR("POST"), arena_fmt(d->arena, "/api/sensing/device/" FMT_STR "/approve", ARG_STR(id)),
			buf_str(&b), NULL);
}

/* The key is told once: without the file a new one is made. */
static enum rc write_key(struct demo *d, struct str gateway)
{
	const char *file = arena_fmt(d->arena, "%s/" DEMO_KEY_FILE, d->folder).p;
	const struct json *made;

	if (file_exists(file))
		return RC_OK;
	TRY(demo_ask(d, STR("POST"), arena_fmt(d->arena, "/api/sensing/device/" FMT_STR "/key", ARG_STR(gateway)),
		     NO_STR, &made));
	struct str text =
		arena_fmt(d->arena, FMT_STR "." FMT_STR "\n", ARG_STR(gateway), ARG_STR(json_get_text(made, "key")));

	return file_write(file, text, 0600);
}

enum rc demo_seed_devices(struct demo *d)
{
	struct str id, gateway = NO_STR;
	bool approved;

	for (size_t i = 0; i < n_demo_devices; i++) {
		TRY(add_device(d, &demo_devices[i], &id, &approved));
		if (!approved)
			TRY(approve(d, id, demo_devices[i].place));
		if (strcmp(demo_devices[i].source, DEMO_GATEWAY) == 0)
			gateway = id;
	}
	return write_key(d, gateway);
}
