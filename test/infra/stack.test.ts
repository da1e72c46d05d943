// One test file, because each loads the CDK anew, which takes longer than all that is checked here.
import './stack/alarms.ts';
import './stack/dns-firewall.ts';
import './stack/environments.ts';
import './stack/network.ts';
import './stack/permissions.ts';
import './stack/queues.ts';
import './stack/settings.ts';
import './stack/stateful.ts';
import './stack/worker-task.ts';
