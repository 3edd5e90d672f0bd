/* insight.h - claims about a place's figures beside what is computed. */
#ifndef INSIGHT_H
#define INSIGHT_H

#include "core/module.h"

extern const struct module insight_module;

#endif
