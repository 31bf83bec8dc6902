/* routes.c: the address table of sign-in and sign-out. */
#include "base/base.h"

#include "login/routes.h"
#include "login/steps.h"

/* A password may be 1024 bytes, percent-encoded, and a new one comes twice. */
#define FORM   (4 * KB)
#define SECRET (8 * KB)
#define STEP   (NEEDS_FLOW | MAY_SESSION)
#define POST   (STEP | NEEDS_CSRF)

/* clang-format off */
const struct route login_routes[] = {
	{ "GET",  "/",               home_show,       LANE_QUICK, SPEAKS_HTML, MAY_SESSION,              0      },
	{ "GET",  "/login",          dispatch_show,   LANE_QUICK, SPEAKS_HTML, MAY_SESSION,              0      },
	{ "POST", "/login",          local_submit,    LANE_SLOW,  SPEAKS_HTML, POST,                     SECRET },
	{ "GET",  "/login/password", local_show,      LANE_QUICK, SPEAKS_HTML, STEP,                     0      },
	{ "POST", "/login/password", local_submit,    LANE_SLOW,  SPEAKS_HTML, POST,                     SECRET },
	{ "GET",  "/login/identify", identify_show,   LANE_QUICK, SPEAKS_HTML, STEP,                     0      },
	{ "POST", "/login/identify", identify_submit, LANE_QUICK, SPEAKS_HTML, POST,                     FORM   },
	{ "GET",  "/login/upstream", upstream_show,   LANE_REMOTE, SPEAKS_HTML, STEP,                    0      },
	{ "GET",  "/login/link",     link_show,       LANE_QUICK, SPEAKS_HTML, STEP,                     0      },
	{ "POST", "/login/link",     link_submit,     LANE_SLOW,  SPEAKS_HTML, POST,                     SECRET },
	{ "GET",  "/login/practice", choose_show,     LANE_QUICK, SPEAKS_HTML, STEP,                     0      },
	{ "POST", "/login/practice", choose_submit,   LANE_QUICK, SPEAKS_HTML, POST,                     FORM   },
	{ "GET",  "/login/location", place_show,      LANE_QUICK, SPEAKS_HTML, STEP,                     0      },
	{ "POST", "/login/location", place_submit,    LANE_QUICK, SPEAKS_HTML, POST,                     FORM   },
	{ "GET",  "/login/change",   change_show,     LANE_QUICK, SPEAKS_HTML, STEP,                     0      },
	{ "POST", "/login/change",   change_submit,   LANE_SLOW,  SPEAKS_HTML, POST,                     SECRET },
	{ "GET",  "/logout",         logout_show,     LANE_QUICK, SPEAKS_HTML, MAY_SESSION,              0      },
	{ "POST", "/logout",         logout_submit,   LANE_QUICK, SPEAKS_HTML, MAY_SESSION | NEEDS_CSRF, FORM   },
	{ "GET",  "/logout/upstream", logout_upstream_show, LANE_REMOTE, SPEAKS_HTML, 0,                 0      },
	{ "GET",  "/logged-out",     logged_out_show, LANE_QUICK, SPEAKS_HTML, 0,                        0      },
	{ "GET",  "/error",          error_show,      LANE_QUICK, SPEAKS_HTML, 0,                        0      },
	{ 0      },
};
/* clang-format on */
