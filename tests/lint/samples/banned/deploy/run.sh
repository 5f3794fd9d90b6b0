# X~XX what about this, and mkdtemp("/tmp/x-XXXXXX")
PATH=/root/bin/tool https://example.org/home/page
