"""What the service does with pixels: decode, judge, vary, encode and check. Pure and blocking.

Functions here run on pool threads and answer expected errors with a `Failure`. OpenCV is told once
to use no threads of its own, since the pool's threads are as many as the cores already, and no
OpenCL, which would make results depend on the machine.
"""

import cv2

cv2.setNumThreads(1)
cv2.ocl.setUseOpenCL(False)
